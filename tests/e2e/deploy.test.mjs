// Owns: deploy through the real Heroku CLI: a runner whose slug the simulated Heroku runs, looked at with heroku ps and
// heroku config, and taken away again.
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {expect, it, onTestFinished} from 'vitest'
import {binary} from '../setup.mjs'
import {machine, until} from './machine.mjs'

it('a runner is deployed, seen by the CLI, edited, and removed', async () => {
  const {heroku, home, program, sandbox} = await machine(onTestFinished, {sandboxArgs: ['--run-slugs']})
  // Without what a debugger wants, it is packed in a second.
  const slim = join(home, 'autorestart')
  expect(await program('strip', ['-o', slim, binary('debug')])).toMatchObject({status: 0})
  const ours = (...words) => heroku([`dynos:autorestart${words[0] && `:${words[0]}`}`, ...words.slice(1)])

  expect(await ours('set', '--app', 'example-app', '--max-uptime', '1h', '--settle', '0s')).toMatchObject({status: 0})
  const refused = await ours('deploy')
  expect(refused).toMatchObject({status: 2, stdout: ''})
  const deployed = await ours('deploy', '--runner-app', 'acme-runner', '--binary', slim, '--yes')
  expect(deployed, deployed.stderr).toMatchObject({status: 0})
  expect(deployed.stdout).toContain('⬢ acme-runner runs the schedules')
  expect(deployed.stderr).toContain('costs     $7.00 a month')
  expect(deployed.stdout + deployed.stderr).not.toContain('HRKU-AA')

  const ps = await heroku(['ps', '--app', 'acme-runner'])
  expect(ps.stdout).toContain('=== runner (Basic): ./bin/autorestart run --watch (1)')
  expect(ps.stdout).toMatch(/runner\.1: up/)
  const config = await heroku(['config', '--app', 'acme-runner'])
  expect(config.stdout).toMatch(/AUTORESTART_SCHEDULE_EXAMPLE_APP: \{ app = "example-app", name = "default", max-uptime = "1h"/)
  const listed = await ours('')
  expect(listed.stdout).toContain('example-app')
  expect(listed.stderr).toContain('Run by ⬢ acme-runner: one Basic dyno')

  // Nothing but the runner's own process is there to do it.
  const asked = async () => (await sandbox.restarts()).filter(({app, cause}) => app === 'example-app' && cause === 'request')
  await until('three restarts', async () => (await asked()).length === 3, 120_000)
  // What is asked here is not what passes act with.
  const {checks} = JSON.parse((await ours('doctor', '--json')).stdout)
  expect(checks).toContainEqual(expect.objectContaining({check: 'credential', level: 'ok', said: expect.stringContaining('acme-runner has a token of its own')}))
  const logs = await heroku(['logs', '--app', 'acme-runner', '--num', '200'])
  expect(logs.stdout).toMatch(/app\[runner\.1\]: .*event=ended app=example-app app_id=\S+ dyno=\S+ process_type=\S+ schedule=default trigger=max_uptime .*outcome=restarted/)

  expect(await ours('pause', '--app', 'example-app')).toMatchObject({status: 0})
  expect((await heroku(['config:get', 'AUTORESTART_SCHEDULE_EXAMPLE_APP', '--app', 'acme-runner'])).stdout).toContain('paused = true')
  const removed = await ours('deploy:remove', '--confirm', 'acme-runner')
  expect(removed, removed.stderr).toMatchObject({status: 0})
  expect((await sandbox.get('/apps')).map(({name}) => name)).toEqual(['example-app'])
  expect(await sandbox.get('/sandbox/authorizations')).toEqual([])
  expect(readFileSync(join(home, '.config/autorestart/schedules.toml'), 'utf8')).toContain('paused = true')
  expect((await asked()).length).toBe(3)
}, 240_000)
