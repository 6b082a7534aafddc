// Owns: what a fresh clone lacks before anything runs (node_modules, binary, plugin), child processes that leave nothing
// behind, and the environment in which the Heroku CLI is quiet. Node's own modules only: this runs before `npm ci`.
import {spawn} from 'node:child_process'
import {accessSync, constants, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {constants as system, tmpdir} from 'node:os'
import {basename, delimiter, dirname, join, resolve} from 'node:path'
import {setTimeout as pause} from 'node:timers/promises'
import {fileURLToPath} from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[/\\]$/, '')
const isWindows = process.platform === 'win32'

export const heroku = join(root, 'node_modules/.bin', isWindows ? 'heroku.cmd' : 'heroku')

/** The binary to go through: AUTORESTART_BINARY (nothing is built then), or the build of this profile. */
export const binary = profile =>
  resolve(root, process.env['AUTORESTART_BINARY'] ?? `target/${profile}/autorestart${isWindows ? '.exe' : ''}`)

/** What has to be there first: `run` does it and resolves to an exit code, `isNeeded` tells whether it must. */
export const preparations = profile => ({
  'npm ci': {
    says: 'Installing the Heroku CLI and the build tools',
    isNeeded: () => !isInstalled(),
    run: options => run('npm', ['ci', '--no-audit', '--no-fund'], options),
  },
  'cargo build': {
    says: 'Building the binary; the first time takes minutes',
    isNeeded: () => process.env['AUTORESTART_BINARY'] === undefined,
    run: options => cargo(['build', '--bin', 'autorestart', ...(profile === 'release' ? ['--release'] : [])], options),
  },
  'npm run build': {
    says: 'Building the plugin',
    isNeeded: () => true,
    run: options => run('npm', ['run', '--silent', 'build'], options),
  },
})

/** Cargo, with its results where `binary` and the plugin look for them; in CI what is built is what is checked in. */
export const cargo = ([command, ...args], options) =>
  run('cargo', [command, '--target-dir', 'target', ...(process.env['CI'] === 'true' ? ['--locked'] : []), ...args], options)

/** npm writes its own lock file last, so a broken installation is never newer than ours. */
function isInstalled() {
  const changed = path => (existsSync(path) ? statSync(path).mtimeMs : 0)
  return changed(join(root, 'node_modules/.package-lock.json')) >= changed(join(root, 'package-lock.json'))
}

/** Programs that are not on this machine, of those named. */
export function missing(...programs) {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean)
  const suffixes = isWindows ? ['.exe', '.cmd', '.bat'] : ['']
  const isThere = program => folders.some(folder => suffixes.some(suffix => isExecutable(join(folder, program + suffix))))
  return programs.filter(program => !isThere(program))
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** A new folder for HOME, and what removes it. */
export function throwawayHome() {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'autorestart-')))
  const tosPlace = join(home, '.cache/heroku')
  mkdirSync(tosPlace, {recursive: true})
  // Otherwise the first command tells of new terms of service.
  writeFileSync(join(tosPlace, 'terms-of-service'), '')
  return {home, remove: () => rmSync(home, {force: true, maxRetries: 5, recursive: true})}
}

/**
 * In which the Heroku CLI keeps to this home and to what it was asked: no telemetry, no updates, no warnings to the
 * developer of a linked plugin. `particleboard`: it asks that service beside the API whether an account is delinquent.
 *
 * Its git configuration goes into the home as well, and never into the null device, which its init hook would replace.
 */
export const quiet = (home, particleboard) => ({
  DISABLE_TELEMETRY: 'true',
  GIT_CEILING_DIRECTORIES: home,
  HEROKU_DISABLE_AUTOUPDATE: 'true',
  HEROKU_PARTICLEBOARD_URL: particleboard,
  HEROKU_SKIP_NEW_VERSION_CHECK: 'true',
  HOME: home,
  OCLIF_DISABLE_LINKED_ESM_WARNING: '1',
  ...(isWindows && {APPDATA: home, LOCALAPPDATA: home, USERPROFILE: home}),
})

const running = new Set()
let stoppedBy

/** Whether a signal asked us to leave. */
export const isStopped = () => stoppedBy !== undefined

/** Leaves in order when asked to: children first, and no new ones. Call it once, at the start. */
export function leaveOnSignals() {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      stoppedBy ??= signal
      for (const child of running) tell(child, signal)
    })
  }
}

/** 128+n, as a shell has it. */
export const stoppedCode = () => 128 + system.signals[stoppedBy]

/**
 * Runs a program to its end; resolves to its exit code. Its output is ours, or `onOutput` gets it piece by piece. When we
 * are asked to leave, it is over once nothing of the program's process group is left.
 */
export async function run(program, args, {cwd = root, env = process.env, onOutput, stderr = onOutput && 'pipe', stdin = 'ignore'} = {}) {
  if (isStopped()) return stoppedCode()
  const output = onOutput ? 'pipe' : 'inherit'
  // A group of its own, so that all of it can be told to leave, whoever was told first. npm is a .cmd on Windows.
  const child = spawn(program, args, {cwd, detached: !isWindows, env, shell: isWindows, stdio: [stdin, output, stderr ?? 'inherit']})
  running.add(child)
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', onOutput)
  try {
    const code = await new Promise(ended => {
      child.once('error', error => {
        console.error(`${program} could not be started: ${error.code}`)
        ended(127)
      })
      child.once('close', (code, signal) => ended(signal ? 128 + system.signals[signal] : code))
    })
    if (!isStopped()) return code
    await groupEnds(child)
    return stoppedCode()
  } finally {
    running.delete(child)
  }
}

/** Runs a program that must end well; resolves to what it printed. Its stderr is ours. */
export async function output(program, args, options) {
  const printed = []
  const code = await run(program, args, {...options, onOutput: chunk => printed.push(chunk), stderr: 'inherit'})
  if (code !== 0) throw new Error(`${program} ${args[0]} ended with ${code}`)
  return Buffer.concat(printed).toString()
}

/** Runs the whole of a script; what it throws is said as the Heroku CLI says it, and is its exit code. */
export async function toTheEnd(main) {
  leaveOnSignals()
  try {
    await main(process.argv.slice(2))
  } catch (error) {
    console.error(` ›   Error: ${error.message}`)
    process.exitCode = 1
  }
}

/** The package.json of a tarball. Read within its folder: to some a path with a colon is one of another machine. */
export async function manifestOf(tarball) {
  return JSON.parse(await output('tar', ['-xzOf', basename(tarball), 'package/package.json'], {cwd: dirname(tarball)}))
}

/** Resolves to what `work` does in a Python environment of its own, below target, with these packages in it. */
export async function withPython(name, packages, work) {
  const place = join(root, 'target', name)
  const python = join(place, isWindows ? 'Scripts' : 'bin', 'python')
  if (!existsSync(python)) await output('python3', ['-m', 'venv', place])
  await output(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages])
  return work(dirname(python))
}

function tell(child, signal) {
  try {
    if (isWindows) child.kill(signal)
    else process.kill(-child.pid, signal)
  } catch (error) {
    if (error.code !== 'ESRCH') throw error
  }
}

/** A restart in flight may take ten seconds to be left in order. */
async function groupEnds(child) {
  if (isWindows || child.pid === undefined) return
  const deadline = Date.now() + 12_000
  const isThere = () => {
    try {
      return process.kill(-child.pid, 0)
    } catch {
      return false
    }
  }
  while (isThere()) {
    if (Date.now() > deadline) return tell(child, 'SIGKILL')
    await pause(50)
  }
}
