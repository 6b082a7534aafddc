// Owns: that the app is the one every Heroku command would pick, and that its errors reach the binary as text.
import {execFileSync} from 'node:child_process'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {appEnvironment} from '../src/app.ts'
import {COMMANDS} from '../src/index.ts'
import {temporary} from './stub.ts'

const {flags} = COMMANDS['dynos:autorestart:set']!
const resolve = (...argv: string[]) => appEnvironment(flags, argv)

const start = process.cwd()
const git = (...args: string[]) => execFileSync('git', args, {stdio: 'pipe'})
const remote = (name: string, app: string) => git('remote', 'add', name, `https://git.heroku.com/${app}.git`)

beforeEach(() => {
  for (const name of ['HEROKU_APP', 'HEROKU_HOST', 'HEROKU_GIT_HOST']) vi.stubEnv(name, undefined)
  const home = temporary()
  vi.stubEnv('GIT_CONFIG_GLOBAL', join(home, 'gitconfig'))
  process.chdir(home)
  git('init')
})

afterEach(() => {
  vi.unstubAllEnvs()
  process.chdir(start)
})

describe('the app', () => {
  it('is the one typed, whatever else there is', async () => {
    vi.stubEnv('HEROKU_APP', 'from-env')
    remote('heroku', 'from-git')
    expect(await resolve('--at', '07', '--app', 'typed')).toEqual({AUTORESTART_CLI_APP: 'typed'})
    expect(await resolve('-a', 'typed', '-r', 'heroku')).toEqual({AUTORESTART_CLI_APP: 'typed'})
  })

  it('is HEROKU_APP before any remote, even a named one', async () => {
    vi.stubEnv('HEROKU_APP', 'from-env')
    remote('heroku', 'from-git')
    expect(await resolve()).toEqual({AUTORESTART_CLI_APP: 'from-env'})
    expect(await resolve('--remote', 'heroku')).toEqual({AUTORESTART_CLI_APP: 'from-env'})
  })

  it('is that of the only remote, of the named one, or of the one in git config', async () => {
    remote('staging', 'app-staging')
    expect(await resolve()).toEqual({AUTORESTART_CLI_APP: 'app-staging'})
    remote('production', 'app-production')
    expect(await resolve('-r', 'production')).toEqual({AUTORESTART_CLI_APP: 'app-production'})
    git('config', 'heroku.remote', 'staging')
    expect(await resolve()).toEqual({AUTORESTART_CLI_APP: 'app-staging'})
  })

  it('is not read from what follows -- or belongs to another flag', async () => {
    vi.stubEnv('HEROKU_APP', 'from-env')
    expect(await resolve('--', '--app', 'other')).toEqual({AUTORESTART_CLI_APP: 'from-env'})
    expect(await resolve('--name', 'app', '--at', 'a')).toEqual({AUTORESTART_CLI_APP: 'from-env'})
  })
})

describe('without an app', () => {
  const error = async (...argv: string[]) => {
    const env = await resolve(...argv)
    expect(Object.keys(env)).toEqual(['AUTORESTART_CLI_APP_ERROR'])
    return env['AUTORESTART_CLI_APP_ERROR']
  }

  it('says so', async () => {
    expect(await error()).toBe('The following error occurred:\n  Missing required flag app\nSee more help with --help')
  })

  it('names the remotes when there are several', async () => {
    remote('staging', 'app-staging')
    remote('production', 'app-production')
    const message = await error()
    expect(message).toContain('Multiple apps in git remotes')
    expect(message).toContain('app-staging (staging)')
    expect(message).toContain('app-production (production)')
  })

  it('names a remote that is not there', async () => {
    remote('staging', 'app-staging')
    expect(await error('--remote', 'nowhere')).toBe('remote nowhere not found in git remotes')
  })

  it('guesses nothing from arguments that oclif cannot read', async () => {
    vi.stubEnv('HEROKU_APP', 'from-env')
    expect(await resolve('--no-such-flag')).toEqual({})
    expect(await resolve('--app')).toEqual({})
  })
})
