// Owns: that the live checks do on the simulated Heroku what they would do on the real one, put back what they changed, and
// write down nothing that is secret.
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {expect, it, onTestFinished} from 'vitest'
import {root} from '../setup.mjs'
import {machine, UUID} from './machine.mjs'

const asked = ({cwd, program}, ...args) => program(process.execPath, [join(root, 'tests/live/index.mjs'), '--out', join(cwd, 'record.md'), ...args])
const app = ['--app', 'example-app']

it('nothing is touched before it is confirmed', async () => {
  const here = await machine(onTestFinished)
  for (const more of [[], ['--confirm', 'other-app']]) expect(await asked(here, ...app, ...more)).toMatchObject({status: 2})
  expect(await here.sandbox.restarts()).toEqual([])
})

it('a check restarts what it says, and the record says what was seen', async () => {
  const here = await machine(onTestFinished)
  const only = ['restart-identity', 'restart-shows', 'write-preboot'].join()
  const run = await asked(here, ...app, '--confirm', 'example-app', '--only', only)
  expect(run, run.stderr).toMatchObject({status: 0})
  expect((await here.sandbox.restarts()).map(({cause}) => cause)).toEqual(['request'])
  expect(await here.sandbox.get('/sandbox/authorizations')).toEqual([])
  const record = readFileSync(join(here.cwd, 'record.md'), 'utf8')
  expect(record).toContain('the id changed, created_at moved')
  for (const text of [record, run.stdout, run.stderr]) expect(text).not.toMatch(new RegExp(`${UUID}|HRKU`))
}, 240_000)

it('what is not as assumed is said, and is the exit code', async () => {
  const scenario = readFileSync(join(root, 'src/sandbox/leaky-shop.toml'), 'utf8').replace('boot = "2s"', 'boot = "2s", keeps-created-at = true')
  const here = await machine(onTestFinished, {scenario})
  const run = await asked(here, ...app, '--confirm', 'example-app', '--only', 'restart-identity')
  expect(run, run.stderr).toMatchObject({status: 3})
  expect(readFileSync(join(here.cwd, 'record.md'), 'utf8')).toContain('created_at stayed')
}, 240_000)
