// Owns: which app a command is about: as for any command of Heroku's, except that `run`, `plan` and the list are about all.
import {existsSync, readFileSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeEach, describe, expect, it} from 'vitest'
import {missing} from '../setup.mjs'
import {machine} from './machine.mjs'

const apps = ['example-app', 'staging-app', 'typed-app']
const scenario = apps.map(name => `
[[app]]
name = "${name}"
habits = { boot = "1s" }
[[app.formation]]
type = "web"
quantity = 1
`).join('')
const {autorestart, cwd, heroku, home, program, sandbox} = await machine(afterAll, {env: {HEROKU_GIT_HOST: 'git.heroku.com'}, scenario})
const schedules = join(home, '.config/autorestart/schedules.toml')
const set = (args = [], env = {}) => heroku(['dynos:autorestart:set', '--at', '03:30', ...args], {env})
const stored = () => [...(existsSync(schedules) ? readFileSync(schedules, 'utf8') : '').matchAll(/^app = "(.+)"$/gm)].map(([, app]) => app)

beforeEach(() => rmSync(schedules, {force: true}))

describe('without a git remote', () => {
  it('a typed --app is meant, whatever HEROKU_APP says', async () => {
    const run = await set(['--app', 'typed-app'], {HEROKU_APP: 'example-app'})
    expect(run).toMatchObject({status: 0})
    expect(run.stderr).toContain('on ⬢ typed-app...')
    expect(stored()).toEqual(['typed-app'])
  })

  it('HEROKU_APP is meant where nothing is typed', async () => {
    const run = await set([], {HEROKU_APP: 'example-app'})
    expect(run).toMatchObject({status: 0})
    expect(run.stderr).toContain('on ⬢ example-app...')
    expect(stored()).toEqual(['example-app'])
  })

  it('HEROKU_APP is read by the binary alone, too', async () => {
    expect(await autorestart(['set', '--at', '03:30'], {env: {HEROKU_APP: 'example-app'}})).toMatchObject({status: 0})
    expect(stored()).toEqual(['example-app'])
  })

  it('nothing is guessed', async () => {
    const run = await set()
    expect(run).toMatchObject({status: 2, stdout: ''})
    expect(run.stderr).toMatch(/^Error: .*\bapp\b/)
    expect(stored()).toEqual([])
  })
})

describe.skipIf(missing('git').length > 0)('in a git repository', () => {
  const git = (...args) => program('git', args).then(({status, stderr}) => expect({status, stderr}).toMatchObject({status: 0}))
  const remote = (name, app) => git('remote', 'add', name, `https://git.heroku.com/${app}.git`)

  beforeEach(async () => {
    rmSync(join(cwd, '.git'), {force: true, recursive: true})
    await git('init', '--quiet')
  })

  it('the one remote is meant', async () => {
    await remote('heroku', 'example-app')
    const run = await set()
    expect(run).toMatchObject({status: 0})
    expect(run.stderr).toContain('on ⬢ example-app...')
    expect(stored()).toEqual(['example-app'])
  })

  it('HEROKU_APP beats the remote, and what is acted on is named', async () => {
    await remote('heroku', 'example-app')
    const run = await set([], {HEROKU_APP: 'staging-app'})
    expect(run.stderr).toContain('on ⬢ staging-app...')
    expect(stored()).toEqual(['staging-app'])
  })

  it('several remotes are refused in the words of the CLI', async () => {
    await remote('production', 'example-app')
    await remote('staging', 'staging-app')
    const [ours, theirs] = [await set(), await heroku(['ps'])]
    expect(ours).toMatchObject({status: 2, stdout: ''})
    expect(theirs.stderr).toContain('Multiple apps in git remotes')
    expect(ours.stderr).toContain('Multiple apps in git remotes')
    // Which apps and remotes there are is what helps.
    for (const words of ['staging-app', 'example-app', '--remote']) {
      expect(theirs.stderr).toContain(words)
      expect.soft(ours.stderr).toContain(words)
    }
    expect(stored()).toEqual([])
  })

  it('of several remotes --remote picks one', async () => {
    await remote('production', 'example-app')
    await remote('staging', 'staging-app')
    expect(await set(['--remote', 'staging'])).toMatchObject({status: 0})
    expect(stored()).toEqual(['staging-app'])
  })

  it('a remote that there is not is refused in the words of the CLI', async () => {
    await remote('heroku', 'example-app')
    const run = await set(['--remote', 'staging'])
    expect(run).toMatchObject({status: 2, stdout: ''})
    expect(run.stderr).toContain('remote staging not found in git remotes')
    expect(stored()).toEqual([])
  })
})

describe('the commands about all schedules', () => {
  it('are narrowed by a typed --app, and by nothing else', async () => {
    const minute = await sandbox.minute()
    const at = ['--at', minute, '--timezone', 'UTC', '--settle', '1s']
    for (const app of ['example-app', 'staging-app']) expect(await autorestart(['set', '--app', app, ...at])).toMatchObject({status: 0})
    const env = {HEROKU_APP: 'staging-app'}
    const told = async args => JSON.parse((await heroku([...args, '--json'], {env})).stdout)

    expect((await told(['dynos:autorestart'])).map(({app}) => app).sort()).toEqual(['example-app', 'staging-app'])
    expect((await told(['dynos:autorestart', '--app', 'example-app'])).map(({app}) => app)).toEqual(['example-app'])
    expect((await told(['dynos:autorestart:plan'])).steps.map(({app}) => app).sort()).toEqual(['example-app', 'staging-app'])
    expect((await told(['dynos:autorestart:plan', '--app', 'example-app'])).steps.map(({app}) => app)).toEqual(['example-app'])

    expect((await told(['dynos:autorestart:run', '--app', 'example-app'])).steps.map(({app}) => app)).toEqual(['example-app'])
    expect((await sandbox.restarts()).map(({app}) => app)).toEqual(['example-app'])
    expect((await told(['dynos:autorestart:run'])).steps.map(({app}) => app)).toEqual(['staging-app'])
    expect((await sandbox.restarts()).map(({app}) => app)).toEqual(['example-app', 'staging-app'])
  }, 180_000)
})
