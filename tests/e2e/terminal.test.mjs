// Owns: what a person at a terminal of 80 columns sees and can do, through the real Heroku CLI.
import {describe, expect, it, onTestFinished} from 'vitest'
import {missing} from '../setup.mjs'
import {herokuWords, leftovers, machine, withListeners} from './machine.mjs'
import {terminal} from './screen.mjs'

const now = ['dynos:autorestart:run', '--now', '--app', 'example-app', '--dyno-name', 'web.1', '--settle', '1s']

async function typed(args, habits) {
  const here = await machine(onTestFinished, {env: withListeners})
  await here.sandbox.patch('/sandbox/apps/example-app', {habits})
  return {...here, ...terminal(onTestFinished, here, herokuWords(args))}
}

describe.skipIf(process.platform === 'win32' || missing('tmux').length > 0)('at a terminal', () => {
  it('asks, shows a bar that moves, and ends with the result', async () => {
    const {cursor, sandbox, sees, type} = await typed(now, {boot: '3s'})
    await sees('Restart web.1 of ⬢ example-app? [y/N]')
    expect(await sandbox.restarts()).toEqual([])
    type('y', 'Enter')
    await sees('0/1 web.1 starting')
    const end = await sees('exit code 0')
    expect(end).toMatch(/^⬢ example-app\n {2}web\.1 restarted in \d+s$/m)
    expect(end).not.toContain('0/1')
    expect(cursor()).toBe('1')
  })

  it('Ctrl-C at the question leaves with 130, restarts nothing, and leaves the terminal as it was', async () => {
    const {cursor, sandbox, sees, type} = await typed(now, {boot: '3s'})
    await sees('[y/N]')
    type('C-c')
    const end = await sees('exit code 130')
    expect(end).toMatch(/ echo /)
    expect(end).toMatch(/ icanon /)
    expect(end).toMatch(/isig /)
    expect(cursor()).toBe('1')
    expect(await sandbox.restarts()).toEqual([])
  })

  it('Ctrl-C in the middle of a roll leaves with 130, and says how the dyno is left', async () => {
    const {cursor, sandbox, sees, type, ...here} = await typed([...now, '--yes'], {boot: '60s'})
    await sees('0/1 web.1 starting')
    type('C-c')
    const end = await sees('exit code 130')
    expect(end.replaceAll(/\s+/g, ' ')).toContain('web.1 unverified')
    expect(end).toContain('interrupted')
    expect(cursor()).toBe('1')
    expect(await sandbox.restarts()).toHaveLength(1)
    expect(leftovers(here).filter(line => /^\S*(node|autorestart) /.test(line))).toEqual([])
  })
})
