// Owns: the credential of passes: the conversation as a person sees it, where the token is kept, what is left when it is
// broken off, and that the token is seen nowhere else. The real Heroku CLI, a real Secret Service, a real terminal.
import {existsSync, mkdirSync, readdirSync, statSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it, onTestFinished} from 'vitest'
import {missing} from '../setup.mjs'
import {keyring, secretService} from './keyring.mjs'
import {files, herokuWords, leftovers, machine} from './machine.mjs'
import {terminal} from './screen.mjs'

const token = 'HRKU-7d1f0c3e-5a8b-4e6f-b2a9-90c1d2e3f405'
const service = 'HRKU-AAservice0123456789abcdef'
const account = 'me@example.com'
const scenario = `account = "${account}"
token = "${token}"
[[user]]
email = "service@example.com"
token = "${service}"
scope = ["write"]
[[user]]
email = "reader@example.com"
token = "HRKU-AAreader0123456789abcdef"
scope = ["read"]
[[app]]
name = "example-app"
collaborators = ["service@example.com", "reader@example.com"]
habits = { boot = "1s" }
[[app.formation]]
type = "web"
quantity = 2
`

/** A machine that is logged in by netrc, or by the Secret Service where it has one. */
async function loggedIn({hasKeyring = false} = {}) {
  const here = await machine(onTestFinished, {env: {HEROKU_API_KEY: undefined, ...(!hasKeyring && {HEROKU_NETRC_WRITE: 'true'})}, scenario})
  const authorizations = () => here.sandbox.get('/sandbox/authorizations')
  const ours = async () => (await authorizations()).filter(({description}) => description.startsWith('heroku dynos:autorestart'))
  const kept = () => files(join(here.home, '.config/autorestart')).filter(({path}) => !path.endsWith('.lock'))
  if (!hasKeyring) {
    writeFileSync(join(here.home, '.netrc'), `machine ${here.sandbox.machine}\n  login ${account}\n  password ${token}\n`, {mode: 0o600})
    return {...here, env: {...here.env}, kept, more: {}, ours}
  }
  const session = await keyring(onTestFinished, here)
  expect(await session.store('Heroku CLI', {service: 'heroku-cli', account}, token)).toMatchObject({status: 0})
  writeFileSync(join(here.home, '.local/share/heroku/login.json'), JSON.stringify({account}))
  return {...here, kept, more: session.env, ours, session}
}

const through = ({heroku, more}) => ([verb, ...args], options) => heroku([`dynos:autorestart:${verb}`, ...args], {env: more, ...options})
const type = (here, verb, ...args) => terminal(onTestFinished, here, herokuWords([`dynos:autorestart:${verb}`, ...args]), here.more)

const ways = {
  create: async ({sees, type}) => {
    await sees('an authorization that is created for them (recommended)')
    type('Enter')
    await sees('It lives for')
    type('Enter')
  },
  login: async ({sees, type}) => {
    await sees("the Heroku CLI's login, which ends")
    type('Down', 'Enter')
  },
  paste: async ({give, sees, type}) => {
    await sees('a token that you paste')
    type('Down', 'Down', 'Enter')
    await sees('Token (it is not shown)')
    await give(service)
  },
}

describe.skipIf(process.platform === 'win32' || missing('tmux').length > 0)('the conversation, without a keyring', () => {
  it('creates an authorization with the scope write, and keeps its token in a file of mode 0600', async () => {
    const here = await loggedIn()
    const there = type(here, 'auth:setup', '--app', 'example-app')
    await ways.create(there)
    const asked = await there.sees('Create it? [Y/n]')
    expect(asked).toContain('no session bus with a Secret Service')
    expect(asked).toMatch(/account\s+me@example\.com/)
    expect(asked).toMatch(/scope\s+write/)
    expect(asked).toMatch(/expires\s+.*\(in 90 days\)/)
    expect(asked).toMatch(/reaches\s+1 app: example-app/)
    expect(asked).toMatch(/kept in\s+\S*tokens/)
    expect(await here.ours()).toEqual([])
    expect(here.kept()).toEqual([])
    there.type('Enter')
    const end = await there.sees('exit code 0')
    expect(end).toMatch(/tried on\s+⬢ example-app: reached/)
    const [made, ...others] = await here.ours()
    expect(others).toEqual([])
    expect(made).toMatchObject({scope: ['write'], user: {email: account}})
    const [file] = readdirSync(join(here.home, '.config/autorestart/tokens'))
    const place = join(here.home, '.config/autorestart/tokens', file)
    expect(statSync(place).mode & 0o777).toBe(0o600)
    expect(here.kept().filter(({text}) => text.includes(made.access_token.token)).map(({path}) => path)).toEqual([place])
    expect(there.screen()).not.toContain('HRKU')
  })

  it("takes the Heroku CLI's login, and stores no token", async () => {
    const here = await loggedIn()
    const there = type(here, 'auth:setup')
    await ways.login(there)
    await there.sees('Use it? [Y/n]')
    there.type('Enter')
    await there.sees('exit code 0')
    expect(await here.ours()).toEqual([])
    expect(here.kept().map(({path}) => path)).toEqual([join(here.home, '.config/autorestart/credentials.json')])
    expect(here.kept()[0].text).not.toContain('HRKU')
  })

  it('takes a pasted token without showing it, of a user that reaches less', async () => {
    const here = await loggedIn()
    const there = type(here, 'auth:setup', '--app', 'example-app')
    await ways.paste(there)
    await there.sees('Keep it? [Y/n]')
    there.type('Enter')
    const end = await there.sees('exit code 0')
    expect(end).not.toContain('AAservice')
    const shown = await through(here)(['auth', '--json'])
    expect(JSON.parse(shown.stdout).credentials[0]).toMatchObject({kind: 'token', scope: ['write'], source: 'own', works: true})
  })

  it('a No changes nothing; what the first set offers is offered once', async () => {
    const here = await loggedIn()
    const set = ['set', '--app', 'example-app', '--at', '03:30', '--timezone', 'UTC']
    const first = type(here, ...set)
    await first.sees('It is run by')
    first.type('Up', 'Enter')
    await first.sees('Set up a credential for passes? [Y/n]')
    first.type('n', 'Enter')
    await first.sees('exit code 0')
    expect(first.screen()).toContain('auth:setup does it at any time')
    expect(first.screen().trim()).toMatch(/Warning: Nothing runs these schedules[^]*--watch\s+makes passes for as long as it runs/)
    const again = await here.program('script', ['-qec', herokuWords([`dynos:autorestart:${set[0]}`, ...set.slice(1)]).join(' '), '/dev/null'])
    expect(again.stdout).toContain('Replaced schedule')
    expect(again.stdout).not.toContain('Set up a credential')
    expect(again.stdout).not.toContain('It is run by')
    expect(await here.ours()).toEqual([])
  })

  it('the runner on Heroku that the first set offers is deploy, and what was set stays set whatever comes of it', async () => {
    const here = await loggedIn()
    const there = type(here, 'set', '--app', 'example-app', '--at', '03:30', '--timezone', 'UTC')
    await there.sees('It is run by')
    there.type('Enter')
    await there.sees('Packing the binary')
    there.type('C-c')
    await there.sees('exit code 130')
    const list = await here.heroku(['dynos:autorestart', '--json'])
    expect(JSON.parse(list.stdout).map(({app, name}) => [app, name])).toEqual([['example-app', 'default']])
  })

  const prompts = {
    'which way': ['Passes act with', async () => {}],
    'how long': ['It lives for', async there => {
      await there.sees('(recommended)')
      there.type('Enter')
    }],
    'whether to create it': ['Create it?', ways.create],
    'a token': ['Token (it is not shown)', async there => {
      await there.sees('(recommended)')
      there.type('Down', 'Down', 'Enter')
    }],
    'whether to keep it': ['Keep it?', ways.paste],
    'whether to use the login': ['Use it?', ways.login],
  }
  for (const [what, [prompt, lead]] of Object.entries(prompts)) {
    it(`Ctrl-C where it asks ${what} leaves nothing behind, and the terminal as it was`, async () => {
      const here = await loggedIn()
      const there = type(here, 'auth:setup', '--app', 'example-app')
      await lead(there)
      await there.sees(prompt)
      there.type('C-c')
      const end = await there.sees('exit code 130')
      for (const setting of [/ echo /, / icanon /, /isig /]) expect(end).toMatch(setting)
      expect(there.cursor()).toBe('1')
      expect(await here.ours()).toEqual([])
      expect(here.kept()).toEqual([])
      expect(leftovers(here).filter(line => /^\S*(node|autorestart) /.test(line))).toEqual([])
    })
  }
})

describe.skipIf(process.platform === 'win32' || missing('tmux').length > 0)('a token that is typed', () => {
  it('is seen by nobody, whoever ends or stops the question', async () => {
    const here = await loggedIn()
    const typed = async () => {
      const there = type(here, 'auth:setup')
      await there.sees('(recommended)')
      there.type('Down', 'Down', 'Enter')
      await there.sees('Token (it is not shown)')
      there.write('HRKU-AAsecret')
      return there
    }
    const stopped = await typed()
    stopped.type('C-z')
    stopped.write('more')
    stopped.type('C-c')
    expect(await stopped.sees('exit code 130')).not.toMatch(/AAsecret|more/)
  })
})

const needed = [...secretService, 'tmux']
describe.skipIf(process.platform !== 'linux' || missing(...needed).length > 0)('with a Secret Service', () => {
  it('the token goes there, as secret-tool shows; the item of the Heroku CLI is as it was', async () => {
    const here = await loggedIn({hasKeyring: true})
    // All of it but the schema, which the daemon adds when it likes.
    const item = async () => (await here.session.items('heroku-cli')).split('\n').filter(line => !line.startsWith('schema')).sort()
    const before = await item()
    expect(before).toContain(`secret = ${token}`)
    const there = type(here, 'auth:setup', '--app', 'example-app')
    await ways.create(there)
    await there.sees('in the keyring, open while you are logged in')
    there.type('Enter')
    const asked = await there.sees('Create it? [Y/n]')
    expect(asked).toContain('the system keyring, item')
    expect(asked.replaceAll(/\s+/g, ' ')).toContain('Cron jobs, and timers while you are logged out, cannot open the keyring')
    expect(await here.session.items('heroku-dynos-autorestart')).toBe('')
    there.type('Enter')
    await there.sees('exit code 0')
    const [made] = await here.ours()
    const shown = await here.session.items('heroku-dynos-autorestart')
    expect(shown).toContain(made.access_token.token)
    expect(shown).toContain(`username = ${account} on ${here.sandbox.machine}`)
    expect(await item()).toEqual(before)
    expect(files(here.home).filter(({path, text}) => !path.includes('keyrings') && text.includes(made.access_token.token))).toEqual([])

    // A pass acts with it, and says so.
    const set = await through(here)(['set', '--app', 'example-app', '--max-uptime', '1h', '--settle', '1s'])
    expect(set).toMatchObject({status: 0})
    const run = await through(here)(['run', '--json'])
    expect(JSON.parse(run.stdout).steps.map(({outcome}) => outcome)).toEqual(['restarted', 'restarted'])
    const auth = await through(here)(['auth', '--json'])
    expect(JSON.parse(auth.stdout).credentials).toMatchObject([{kind: 'authorization', scope: ['write'], source: 'own', works: true}])
    expect(JSON.parse(auth.stdout).credentials[0].last_used).toBeTruthy()

    // Rotated: another one, and the old one is gone at Heroku.
    expect(await through(here)(['auth:rotate'])).toMatchObject({status: 0})
    const [rotated, ...others] = await here.ours()
    expect(others).toEqual([])
    expect(rotated.id).not.toBe(made.id)
    expect(await here.session.items('heroku-dynos-autorestart')).toContain(rotated.access_token.token)

    // From cron there is no session: it is an error that says what to do, and no other credential is taken.
    const cron = await here.autorestart(['auth'], {env: {HEROKU_NETRC_WRITE: undefined}})
    expect(cron).toMatchObject({status: 1})
    expect(cron.stdout).toContain('no session bus with a Secret Service: a pass stops here')
    expect(cron.stderr).toContain('--keep-in file')
    // Also when nothing is due, before anything relies on it; and whoever looks from elsewhere sees it.
    const early = await here.autorestart(['run'])
    expect(early).toMatchObject({status: 1})
    expect(early.stderr).toContain('no session bus with a Secret Service')
    const seen = await through(here)(['doctor', '--json'])
    expect(JSON.parse(seen.stdout).checks).toContainEqual(expect.objectContaining({check: 'runner', level: 'broken'}))
    expect(await through(here)(['auth:rotate', '--keep-in', 'file'])).toMatchObject({status: 0})
    expect(await here.autorestart(['auth'])).toMatchObject({status: 0})
    expect(await here.session.items('heroku-dynos-autorestart')).toBe('')

    // Removed: neither here nor there.
    expect(await through(here)(['auth:remove'])).toMatchObject({status: 2})
    expect(await through(here)(['auth:remove', '--confirm', account])).toMatchObject({status: 0})
    expect(await here.ours()).toEqual([])
    expect(existsSync(join(here.home, '.config/autorestart/tokens'))).toBe(true)
    expect(readdirSync(join(here.home, '.config/autorestart/tokens'))).toEqual([])
  })

  it('Ctrl-C where it asks for the place leaves nothing behind', async () => {
    const here = await loggedIn({hasKeyring: true})
    const there = type(here, 'auth:setup')
    await ways.create(there)
    await there.sees('The token is kept')
    there.type('C-c')
    await there.sees('exit code 130')
    expect(there.cursor()).toBe('1')
    expect(await here.ours()).toEqual([])
    expect(here.kept()).toEqual([])
    expect(await here.session.items('heroku-dynos-autorestart')).toBe('')
  })

  it('a daemon that is stopped is told of, and nothing hangs', async () => {
    const here = await loggedIn({hasKeyring: true})
    expect(await through(here)(['auth:setup', '--create'])).toMatchObject({status: 0})
    const daemon = here.session.daemon()
    process.kill(daemon, 'SIGSTOP')
    onTestFinished(() => process.kill(daemon, 'SIGCONT'))
    const now = ['run', '--now', '--app', 'example-app', '--yes']
    for (const words of [['auth'], ['auth', 'setup', '--create'], ['auth', 'rotate'], ['auth', 'remove', '--confirm', account], now, ['doctor']]) {
      const ended = await here.autorestart(words, {env: here.more})
      expect(ended).toMatchObject({status: 1})
      expect(ended.stdout + ended.stderr).toContain('did not answer within 2 seconds')
    }
    expect(await here.ours()).toHaveLength(1)
  })
})
