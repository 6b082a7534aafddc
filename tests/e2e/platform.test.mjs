// Owns: that Heroku's own commands work against the simulated Heroku, and show what a person expects to see of the real one.
import {expect, it, onTestFinished} from 'vitest'
import {machine} from './machine.mjs'

const app = ['--app', 'example-app']
const here = () => machine(onTestFinished)
const done = run => {
  expect(run).toMatchObject({status: 0})
  return run
}
const dynos = sandbox => sandbox.get('/apps/example-app/dynos')
const idOf = (dynos, name) => dynos.find(dyno => dyno.name === name)?.id

it('heroku ps shows the dynos of each process type, and the one-offs', async () => {
  const {heroku} = await here()
  const {stdout} = done(await heroku(['ps', ...app]))
  expect(stdout).toContain('=== web (Standard-1X): bundle exec puma -C config/puma.rb (2)')
  expect(stdout).toContain('=== worker (Standard-1X): bundle exec sidekiq (1)')
  for (const name of ['web.1', 'web.2', 'worker.1', 'run.7', 'worker.4021']) expect(stdout).toMatch(new RegExp(`^${name}.*: up `, 'm'))
})

it('heroku ps:restart replaces the one dyno, whose new one boots', async () => {
  const {heroku, sandbox} = await here()
  const before = await dynos(sandbox)
  expect(done(await heroku(['ps:restart', ...app, '--dyno-name', 'web.1'])).stderr).toMatch(/Restarting dyno web\.1 on .*example-app.*done/)
  const after = await dynos(sandbox)
  expect(idOf(after, 'web.1')).not.toBe(idOf(before, 'web.1'))
  expect(after.map(({name}) => name).sort()).toEqual(before.map(({name}) => name).sort())
  expect(await sandbox.restarts()).toMatchObject([{cause: 'request', dyno: 'web.1', old_id: idOf(before, 'web.1')}])
})

it('heroku ps:restart of a process type leaves its one-offs alone', async () => {
  const {heroku, sandbox} = await here()
  done(await heroku(['ps:restart', ...app, '--process-type', 'worker']))
  expect((await sandbox.restarts()).map(({dyno}) => dyno)).toEqual(['worker.1'])
})

it('heroku ps:scale starts and ends dynos', async () => {
  const {heroku, sandbox} = await here()
  expect(done(await heroku(['ps:scale', ...app, 'web=3'])).stderr).toContain('now running web at 3:Standard-1X')
  expect((await dynos(sandbox)).map(({name}) => name)).toContain('web.3')
  expect(done(await heroku(['ps:scale', ...app, 'web-2'])).stderr).toContain('now running web at 1:Standard-1X')
  expect((await dynos(sandbox)).filter(({type}) => type === 'web').map(({name}) => name)).toEqual(['web.1'])
  expect(done(await heroku(['ps:scale', ...app])).stdout).toContain('web=1:Standard-1X')
})

it('heroku apps and apps:info show the app', async () => {
  const {heroku} = await here()
  expect(done(await heroku(['apps'])).stdout).toContain('example-app')
  const {stdout} = done(await heroku(['apps:info', ...app]))
  expect(stdout).toContain('=== example-app')
  expect(stdout).toMatch(/^Owner: +me@example\.com$/m)
  expect(stdout).toMatch(/^Dynos: .*web: 2/m)
  expect(stdout).toMatch(/^Stack: +heroku-24$/m)
})

it('heroku config:set makes a release, which restarts every dyno of the formation and no other', async () => {
  const {heroku, sandbox} = await here()
  const before = await dynos(sandbox)
  const {stderr, stdout} = done(await heroku(['config:set', ...app, 'A=b']))
  expect(stderr).toMatch(/Setting A and restarting .*example-app.* v8/)
  expect(stdout).toContain('A: b')
  expect((await sandbox.restarts()).map(({cause, dyno}) => `${dyno} ${cause}`).sort()).toEqual(['web.1 release', 'web.2 release', 'worker.1 release'])
  const after = await dynos(sandbox)
  for (const name of ['run.7', 'worker.4021']) expect(idOf(after, name)).toBe(idOf(before, name))
  expect(after.find(({name}) => name === 'web.1').release.version).toBe(8)

  expect(done(await heroku(['config', ...app])).stdout).toMatch(/^A: +b$/m)
  const releases = done(await heroku(['releases', ...app])).stdout
  expect(releases).toContain('example-app Releases - Current: v8')
  expect(releases).toMatch(/^ +v8 +Set A config vars +me@example\.com/m)
  expect(releases).toMatch(/^ +v7 +Deploy /m)
})

it('heroku features:enable turns preboot on', async () => {
  const {heroku, sandbox} = await here()
  expect(done(await heroku(['features:enable', ...app, 'preboot'])).stderr).toMatch(/Enabling preboot for .*example-app.*done/)
  expect(await sandbox.get('/apps/example-app/features/preboot')).toMatchObject({enabled: true})
  expect(done(await heroku(['features', ...app])).stdout).toMatch(/\[\+\] preboot/)
})

it('heroku maintenance:on is what a pass sees', async () => {
  const {heroku, sandbox} = await here()
  done(await heroku(['maintenance:on', ...app]))
  expect(await sandbox.get('/apps/example-app')).toMatchObject({maintenance: true})
  expect(done(await heroku(['maintenance', ...app])).stdout.trim()).toBe('on')
})

it('heroku whoami tells the account of the token', async () => {
  const {heroku} = await here()
  expect(done(await heroku(['auth:whoami'])).stdout.trim()).toBe('me@example.com')
})

it('a command that Heroku refuses ends as with the real one', async () => {
  const {heroku} = await here()
  const run = await heroku(['ps', '--app', 'no-such-app'])
  expect(run.status).not.toBe(0)
  expect(run.stderr).toContain("Couldn't find that app.")
})
