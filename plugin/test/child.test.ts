// Owns: that the child's end is ours: exit codes, signals, and the CLI's listeners afterwards.
import {afterEach, describe, expect, it, vi} from 'vitest'
import {Crashed, runChild} from '../src/child.ts'
import {stubBinary} from './stub.ts'

const run = (ending: string, ...args: string[]) => runChild(stubBinary(ending).path, args, process.env)

describe('the exit code', () => {
  it.each([0, 1, 2, 3, 130])('%i is passed on', async code => {
    expect(await run(`process.exit(${code})`)).toBe(code)
  })

  it.skipIf(process.platform === 'win32').each([['SIGKILL', 137], ['SIGTERM', 143], ['SIGINT', 130]])(
    'of a child killed by %s is %i',
    async (signal, code) => {
      expect(await run(`process.kill(process.pid, '${signal}'); setInterval(() => {}, 1000)`)).toBe(code)
    },
  )

  it.skipIf(process.platform === 'win32')('of a child that crashed is told with the reason', async () => {
    const ending = run("process.kill(process.pid, 'SIGSEGV'); setInterval(() => {}, 1000)")
    await expect(ending).rejects.toBeInstanceOf(Crashed)
    await expect(ending).rejects.toMatchObject({exit: 139, message: expect.stringContaining('SIGSEGV')})
  })

  it('is an error where the binary cannot be started', async () => {
    await expect(runChild('/no/such/file', [], {})).rejects.toMatchObject({code: 'ENOENT'})
  })
})

describe.skipIf(process.platform === 'win32')('signals', () => {
  const theirs = vi.fn()
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

  afterEach(() => {
    for (const name of names) process.off(name, theirs)
    theirs.mockReset()
  })

  // The child asks its parent, this process, for the signal: no clock is needed.
  const toParent = (signal: string, then: string) => `process.on('${signal}', () => process.exit(7)); process.kill(process.ppid, '${signal}'); ${then}`
  const waits = 'setInterval(() => {}, 1000)'

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s to us alone reaches the child', async signal => {
    process.on(signal, theirs)
    expect(await run(toParent(signal, waits))).toBe(7)
    expect(theirs).not.toHaveBeenCalled()
  })

  it("the CLI's listeners are back afterwards, also after a failed start", async () => {
    for (const name of names) process.once(name, theirs)
    const before = names.map(name => process.rawListeners(name))
    await run('')
    expect(names.map(name => process.rawListeners(name))).toEqual(before)
    await runChild('/no/such/file', [], {}).catch(() => {})
    expect(names.map(name => process.rawListeners(name))).toEqual(before)
  })
})
