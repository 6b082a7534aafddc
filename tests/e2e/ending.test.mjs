// Owns: how a run ends through the shim: its exit code, and signals, after which nothing of it is left.
import {describe, expect, it, onTestFinished} from 'vitest'
import {leftovers, machine, until, withListeners} from './machine.mjs'

const now = ['dynos:autorestart:run', '--now', '--app', 'example-app', '--settle', '1s', '--yes']

describe('the exit code', () => {
  it('is 3 where the new dyno crashes, and the rest is not reached', async () => {
    const {heroku, sandbox} = await machine(onTestFinished)
    await sandbox.patch('/sandbox/apps/example-app', {habits: {boot: '1s', then: 'crash-at-boot'}})
    const run = await heroku([...now, '--json'])
    expect(run).toMatchObject({status: 3})
    const {steps} = JSON.parse(run.stdout)
    expect(steps.map(({outcome}) => outcome)).toEqual(['failed', 'not_reached', 'not_reached'])
    expect(steps[0].error).toEqual(expect.any(String))
    expect(await sandbox.restarts()).toHaveLength(1)
  })

  it('is 0 where nothing is due, 2 for wrong usage, 1 for what failed', async () => {
    const {heroku, sandbox} = await machine(onTestFinished)
    expect(await heroku(['dynos:autorestart:run'])).toMatchObject({status: 0})
    expect(await heroku(['dynos:autorestart:run', '--no-such-flag'])).toMatchObject({status: 2})
    await sandbox.patch('/sandbox', {token: 'another'})
    expect(await heroku(now)).toMatchObject({status: 1})
    expect(await sandbox.restarts()).toEqual([])
  })
})

describe.skipIf(process.platform !== 'linux')('during a roll', () => {
  /** A roll that waits for a dyno that takes a minute to boot. */
  async function rolling(options) {
    const here = await machine(onTestFinished, {env: withListeners})
    await here.sandbox.patch('/sandbox/apps/example-app', {habits: {boot: '60s'}})
    const run = here.start([...now, '--json'], options)
    await until('the first restart', async () => (await here.sandbox.restarts()).length > 0)
    const asked = Date.now()
    const ended = run.ended.then(end => ({...end, tookMs: Date.now() - asked}))
    return {...here, run: {...run, ended}}
  }

  async function expectLeft({run, sandbox, ...here}) {
    const {signal, status, stderr, stdout, tookMs} = await run.ended
    expect({signal, status, stderr}).toMatchObject({signal: null, status: 130})
    expect(tookMs).toBeLessThan(10_000)
    expect(leftovers(here)).toEqual([])
    const report = JSON.parse(stdout)
    expect(report.interrupted).toBe(true)
    expect(report.steps.map(({outcome}) => outcome)).toEqual(['unverified', 'not_reached', 'not_reached'])
    expect(await sandbox.restarts()).toHaveLength(1)
  }

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'])('%s to the CLI alone ends both within ten seconds, with 130', async signal => {
    const here = await rolling()
    expect(leftovers(here)).toHaveLength(2)
    process.kill(here.run.pid, signal)
    await expectLeft(here)
  })

  it('Ctrl-C, which reaches the CLI and the binary, ends both within ten seconds, with 130', async () => {
    const here = await rolling({detached: true})
    process.kill(-here.run.pid, 'SIGINT')
    await expectLeft(here)
  })
})

it.skipIf(process.platform !== 'linux')('a watch leaves when the CLI is killed, which could not ask it to', async () => {
  const here = await machine(onTestFinished)
  const run = here.start(['dynos:autorestart:run', '--watch'])
  await until('the watch', () => leftovers(here).some(words => words.endsWith('run --watch') && !words.includes('node')))
  process.kill(run.pid, 'SIGKILL')
  await until('nothing is left', () => leftovers(here).length === 0)
  expect(await run.ended).toMatchObject({signal: 'SIGKILL'})
})
