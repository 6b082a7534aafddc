// Owns: whose token a run acts with, wherever the Heroku CLI keeps it, and that the token is seen nowhere else.
import {chmodSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it, onTestFinished} from 'vitest'
import {missing} from '../setup.mjs'
import {keyring, secretService} from './keyring.mjs'
import {files, machine, processes, until} from './machine.mjs'

const token = 'HRKU-7d1f0c3e-5a8b-4e6f-b2a9-90c1d2e3f405'
const account = 'me@example.com'
const now = ['--now', '--app', 'example-app', '--dyno-name', 'web.1', '--settle', '1s', '--yes']

/** A machine without HEROKU_API_KEY, whose Heroku takes this token alone. */
async function loggedOut(env) {
  const here = await machine(onTestFinished, {env: {HEROKU_API_KEY: undefined, ...env}})
  await here.sandbox.patch('/sandbox', {token})
  return here
}

const netrc = ({sandbox}) => `machine ${sandbox.machine}\n  login ${account}\n  password ${token}\n`

/** The token is in no output, and in no file but these. */
function expectUnseen({home}, runs, ...kept) {
  for (const {stderr, stdout} of runs) expect(stdout + stderr).not.toContain(token)
  expect(files(home).filter(({path, text}) => !kept.includes(path) && text.includes(token)).map(({path}) => path)).toEqual([])
}

async function expectPlanAndRun(run, sandbox) {
  const plan = await run(['plan', '--json'])
  expect(plan).toMatchObject({status: 0})
  expect(JSON.parse(plan.stdout).errors).toEqual([])
  expect(JSON.parse(plan.stdout).skips.length + JSON.parse(plan.stdout).steps.length).toBeGreaterThan(0)
  const before = (await restarts(sandbox)).length
  const done = await run(['run', ...now])
  expect(done).toMatchObject({status: 0})
  expect(await restarts(sandbox)).toHaveLength(before + 1)
  return [plan, done]
}

const restarts = sandbox => sandbox.get('/sandbox/record').then(({restarts}) => restarts)
const through = ({heroku}) => ([verb, ...args], options) => heroku([`dynos:autorestart:${verb}`, ...args], options)
const schedule = ['set', '--app', 'example-app', '--at', '03:30', '--timezone', 'UTC']

describe('with no login', () => {
  it('a run says where it looked, and how to log in', async () => {
    const here = await loggedOut({HEROKU_NETRC_WRITE: 'true'})
    for (const run of [here.autorestart, through(here)]) {
      const ended = await run(['run', ...now])
      expect(ended).toMatchObject({status: 1, stdout: ''})
      expect(ended.stderr).toContain('Error: not logged in to Heroku')
      expect(ended.stderr).toContain('heroku login')
    }
    expect(await restarts(here.sandbox)).toEqual([])
  })
})

describe('with a login in netrc', () => {
  const loggedIn = async env => {
    const here = await loggedOut({HEROKU_NETRC_WRITE: 'true', ...env})
    writeFileSync(join(here.home, '.netrc'), netrc(here), {mode: 0o600})
    return here
  }

  it('plan and run work through the CLI, and with the binary alone', async () => {
    const here = await loggedIn()
    const set = await through(here)(schedule)
    expect(set).toMatchObject({status: 0})
    const runs = [...(await expectPlanAndRun(through(here), here.sandbox)), ...(await expectPlanAndRun(here.autorestart, here.sandbox))]
    expectUnseen(here, [set, ...runs], join(here.home, '.netrc'))
  })

  it.skipIf(process.platform !== 'linux')('the token is in no argv, in no file, and not in what HEROKU_DEBUG shows', async () => {
    const here = await loggedIn({HEROKU_DEBUG: '1'})
    // Goes between the CLI and the binary, to see what the one gives to the other.
    const between = join(here.home, 'between')
    const seen = join(here.home, 'argv')
    writeFileSync(between, `#!/bin/sh\nprintf '%s\\n' "$0" "$@" >> '${seen}'\nexec '${here.env.AUTORESTART_BINARY}' "$@"\n`)
    chmodSync(between, 0o755)
    const env = {AUTORESTART_BINARY: between}

    const set = await through(here)(schedule, {env})
    const run = here.start(['dynos:autorestart:run', ...now], {env})
    await until('the restart', async () => (await restarts(here.sandbox)).length > 0)
    const argv = processes().flatMap(({argv}) => argv)
    const ended = await run.ended
    expect(ended).toMatchObject({status: 0})

    expect(readFileSync(seen, 'utf8').split('\n')).toEqual([between, ...schedule, between, 'run', ...now, ''])
    expect(argv).toContain('--settle')
    expect(argv.filter(word => word.includes(token))).toEqual([])
    expect(ended.stderr).toContain('path="/apps/')
    expectUnseen(here, [set, ended], join(here.home, '.netrc'))
  })

  it('HEROKU_API_KEY goes before it', async () => {
    const here = await loggedIn({HEROKU_API_KEY: 'another'})
    for (const run of [here.autorestart, through(here)]) {
      const ended = await run(['run', ...now])
      expect(ended).toMatchObject({status: 1})
      expect(ended.stderr).toContain('HEROKU_API_KEY')
    }
    expect(await restarts(here.sandbox)).toEqual([])
  })

  it('a token that Heroku refuses is told by where it came from', async () => {
    const here = await loggedIn()
    await here.sandbox.patch('/sandbox', {token: 'another'})
    const [shim, alone] = [await through(here)(['run', ...now]), await here.autorestart(['run', ...now])]
    for (const ended of [shim, alone]) expect(ended).toMatchObject({status: 1})
    expect(shim.stderr).toContain("the Heroku CLI's login")
    expect(alone.stderr).toContain(`the Heroku CLI's login in ${join(here.home, '.netrc')}`)
    expectUnseen(here, [shim, alone], join(here.home, '.netrc'))
  })
})

describe.skipIf(missing('gpg', 'gpgconf').length > 0)('with a login in .netrc.gpg', () => {
  it('plan and run work through the CLI, and with the binary alone', async () => {
    const here = await loggedOut({HEROKU_NETRC_WRITE: 'true'})
    const env = {GNUPGHOME: join(here.home, 'gnupg')}
    mkdirSync(env.GNUPGHOME, {mode: 0o700})
    onTestFinished(() => here.program('gpgconf', ['--kill', 'all'], {env}))
    const gpg = async (args, input) => {
      const {status, stderr} = await here.program('gpg', ['--batch', ...args], {env, input})
      expect({status, stderr}).toMatchObject({status: 0})
    }
    await gpg(['--pinentry-mode', 'loopback', '--passphrase', '', '--quick-generate-key', account, 'default', 'default', 'never'])
    await gpg(['--trust-model', 'always', '--recipient', account, '--output', join(here.home, '.netrc.gpg'), '--encrypt'], netrc(here))

    const alone = (args, options) => here.autorestart(args, {...options, env})
    const shim = (args, options) => through(here)(args, {...options, env})
    const set = await alone(schedule)
    expect(set).toMatchObject({status: 0})
    const runs = [...(await expectPlanAndRun(alone, here.sandbox)), ...(await expectPlanAndRun(shim, here.sandbox))]
    expectUnseen(here, [set, ...runs])
  })
})

describe.skipIf(process.platform !== 'linux' || missing(...secretService).length > 0)('with a login in the Secret Service', () => {
  async function loggedIn() {
    const here = await loggedOut()
    const {env, store} = await keyring(onTestFinished, here)
    expect(await store('Heroku CLI', {service: 'heroku-cli', account}, token)).toMatchObject({status: 0})
    writeFileSync(join(here.home, '.local/share/heroku/login.json'), JSON.stringify({account}))
    return {...here, alone: (args, options) => here.autorestart(args, {...options, env}), shim: args => through(here)(args, {env})}
  }

  it('plan and run work through the CLI, and with the binary alone', async () => {
    const here = await loggedIn()
    const set = await here.shim(schedule)
    expect(set).toMatchObject({status: 0})
    const runs = [...(await expectPlanAndRun(here.shim, here.sandbox)), ...(await expectPlanAndRun(here.alone, here.sandbox))]
    expectUnseen(here, [set, ...runs])
  })

  it('a token that Heroku refuses is told by where it came from', async () => {
    const here = await loggedIn()
    await here.sandbox.patch('/sandbox', {token: 'another'})
    const [shim, alone] = [await here.shim(['run', ...now]), await here.alone(['run', ...now])]
    for (const ended of [shim, alone]) expect(ended).toMatchObject({status: 1})
    expect(shim.stderr).toContain("the Heroku CLI's login")
    expect(alone.stderr).toContain("the Heroku CLI's login in the system keyring")
    expectUnseen(here, [shim, alone])
  })

  it('without a session bus, as for a timer, the binary says that it found no login, and the CLI stays logged in', async () => {
    const here = await loggedIn()
    for (const run of [here.autorestart, through(here)]) {
      const ended = await run(['run', ...now])
      expect(ended).toMatchObject({status: 1, stdout: ''})
      expect(ended.stderr).toContain('Error: not logged in to Heroku')
    }
    expect(files(join(here.home, '.local/share/heroku')).map(({text}) => text)).toContain(JSON.stringify({account}))
  })
})
