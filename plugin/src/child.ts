// Owns: the binary's process: its terminal, its signals, its exit code.
import {spawn} from 'node:child_process'
import {constants} from 'node:os'

/** The binary ended as no program of ours does by itself. */
export class Crashed extends Error {
  readonly exit: number

  constructor(signal: NodeJS.Signals) {
    super(`it was ended by ${signal}; the file may be damaged`)
    this.exit = 128 + constants.signals[signal]
  }
}

const OF_A_CRASH: readonly (NodeJS.Signals | null)[] = ['SIGBUS', 'SIGILL', 'SIGSEGV']

/** Runs the binary to its end; resolves to its exit code, 128+n when signal n killed it. */
export async function runChild(binary: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(binary, args, {env, stdio: 'inherit'})
  const restore = takeSignals({
    // A terminal sends Ctrl-C to the child as well; a second one does no harm, and a supervisor sends it to us alone.
    // On Windows the console tells the child by itself, and a kill would end it in the middle of its last word.
    SIGINT: () => process.platform !== 'win32' && child.kill('SIGINT'),
    SIGHUP: () => child.kill('SIGHUP'),
    SIGTERM: () => child.kill('SIGTERM'),
  })
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code, signal) => {
        if (signal && OF_A_CRASH.includes(signal)) reject(new Crashed(signal))
        else resolve(signal ? 128 + constants.signals[signal] : (code ?? 1))
      })
    })
  } finally {
    restore()
  }
}

/** The CLI's own listeners end the process at once (when its telemetry is on), so ours stand in their place meanwhile. */
function takeSignals(ours: Partial<Record<NodeJS.Signals, () => unknown>>): () => void {
  const undo = Object.entries(ours).map(([name, listener]) => {
    const signal = name as NodeJS.Signals
    const theirs = process.rawListeners(signal) as NodeJS.SignalsListener[]
    process.removeAllListeners(signal)
    process.on(signal, listener)
    return () => {
      process.off(signal, listener)
      for (const other of theirs) process.on(signal, other)
    }
  })
  return () => undo.forEach(restore => restore())
}
