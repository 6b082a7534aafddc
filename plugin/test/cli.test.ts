// Owns: the built plugin inside the real Heroku CLI, with a home of its own and no telemetry.
import {execFileSync, spawnSync} from 'node:child_process'
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {delimiter, join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {packageRoot, version} from '../src/declared.ts'
import {script, stubBinary, temporary} from './stub.ts'

const home = temporary()
const cwd = join(home, 'no-repository')
const dataDir = join(home, 'data')
const gitconfig = join(home, 'gitconfig')
const env = {
  DISABLE_TELEMETRY: 'true',
  GIT_CEILING_DIRECTORIES: home,
  // A file of our own, never the null device: the CLI's init hook runs `git config --global`, which replaces what it is
  // pointed at - as root even /dev/null itself.
  GIT_CONFIG_GLOBAL: gitconfig,
  HEROKU_CACHE_DIR: join(home, 'cache'),
  HEROKU_CONFIG_DIR: join(home, 'config'),
  HEROKU_DATA_DIR: dataDir,
  HEROKU_NETRC_WRITE: 'true',
  HEROKU_SKIP_NEW_VERSION_CHECK: 'true',
  HOME: home,
  // oclif tells every developer of a linked plugin that it will not compile for them.
  OCLIF_DISABLE_LINKED_ESM_WARNING: '1',
  PATH: `${join(home, 'bin')}${delimiter}${process.env['PATH']}`,
  SystemRoot: process.env['SystemRoot'],
}

const cli = join(packageRoot, 'node_modules/heroku')
const heroku = (args: string[], more: NodeJS.ProcessEnv = {}) =>
  spawnSync(process.execPath, [join(cli, 'bin/run.js'), ...args], {cwd, encoding: 'utf8', env: {...env, ...more}})

beforeAll(() => {
  execFileSync(process.execPath, [join(packageRoot, 'plugin/build.mjs')])
  for (const folder of [cwd, join(home, 'bin'), join(home, 'cache')]) mkdirSync(folder, {recursive: true})
  // Otherwise the first command tells of new terms of service.
  writeFileSync(join(home, 'cache/terms-of-service'), '')
  const linked = heroku(['plugins:link', '--no-install', packageRoot])
  expect(linked.status, linked.stderr).toBe(0)
})

describe('heroku', () => {
  it('shows the topic, the commands and their help without --prompt', () => {
    expect(heroku(['help', 'dynos']).stdout).toContain('restart dynos on time')
    const index = heroku(['help', 'dynos:autorestart'])
    expect(index.stderr).toBe('')
    expect(index.stdout).toContain('dynos:autorestart:set')
    const set = heroku(['dynos:autorestart:set', '--help'])
    expect(set.stdout).toContain('$ heroku dynos:autorestart:set --app example-app --at 07,14')
    expect(set.stdout).toContain('-a, --app=')
    expect(set.stdout).not.toContain('--prompt')
  })

  it('runs the binary with the words as typed, the app, the login in the environment, and its exit code', () => {
    writeFileSync(join(home, '.netrc'), 'machine api.heroku.com\n  login me@example.com\n  password secret-token\n')
    const binary = stubBinary("console.log('result'); console.error('progress'); process.exit(3)")
    const typed = ['--at', '07, 14', '-a', 'example-app', '--name=sat night', '--', '--app', '']
    const run = heroku(['dynos:autorestart:set', ...typed], {
      AUTORESTART_BINARY: binary.path,
      AUTORESTART_CLI_APP_ERROR: 'of an outer run',
    })
    expect(run).toMatchObject({status: 3, stderr: 'progress\n', stdout: 'result\n'})

    // The hook's write went where it was sent.
    expect(readFileSync(gitconfig, 'utf8')).toContain('heroku git:credentials')

    const {argv, env: seen} = binary.seen()
    expect(argv).toEqual(['set', ...typed])
    expect(Object.fromEntries(Object.entries(seen).filter(([name]) => name.startsWith('AUTORESTART_CLI_')))).toEqual({
      AUTORESTART_CLI_ACCOUNT: 'me@example.com',
      AUTORESTART_CLI_APP: 'example-app',
      AUTORESTART_CLI_DATA_DIR: dataDir,
      AUTORESTART_CLI_PID: expect.stringMatching(/^\d+$/),
      AUTORESTART_CLI_TOKEN: 'secret-token',
      AUTORESTART_CLI_VERSION: JSON.parse(readFileSync(join(cli, 'package.json'), 'utf8')).version,
    })
  })

  it('runs the binary also when there is no app, no login, or no reading of the arguments', () => {
    const binary = stubBinary('process.exit(2)')
    const more = {AUTORESTART_BINARY: binary.path, HEROKU_API_KEY: 'from-env', HEROKU_APP: undefined}
    expect(heroku(['dynos:autorestart:set', '--at', '7'], more)).toMatchObject({status: 2, stderr: '', stdout: ''})
    expect(binary.seen()).toMatchObject({argv: ['set', '--at', '7'], env: {HEROKU_API_KEY: 'from-env'}})
    expect(binary.seen().env['AUTORESTART_CLI_APP_ERROR']).toContain('Missing required flag app')
    expect(binary.seen().env).not.toHaveProperty('AUTORESTART_CLI_TOKEN')

    expect(heroku(['dynos:autorestart', '--no-such', '-x'], more)).toMatchObject({status: 2, stderr: '', stdout: ''})
    expect(binary.seen().argv).toEqual(['--no-such', '-x'])
    expect(binary.seen().env).not.toHaveProperty('AUTORESTART_CLI_APP_ERROR')
  })

  it.skipIf(process.platform === 'win32')('leaves a .netrc.gpg to the binary, and ends as a killed child did', () => {
    writeFileSync(join(home, '.netrc.gpg'), '')
    const binary = stubBinary("process.kill(process.pid, 'SIGKILL')")
    expect(heroku(['dynos:autorestart:run'], {AUTORESTART_BINARY: binary.path})).toMatchObject({status: 137, stderr: ''})
    expect(binary.seen().env).not.toHaveProperty('AUTORESTART_CLI_TOKEN')
  })

  it('says without a stack that the binary is missing', () => {
    const run = heroku(['dynos:autorestart:run'], {AUTORESTART_BINARY: join(home, 'nothing')})
    expect(run.status).toBe(1)
    expect(run.stderr).toContain('AUTORESTART_BINARY is set to')
    expect(run.stderr).not.toMatch(/^\s+at /m)
  })
})

it('is one version in package.json and commands.json', () => {
  expect(JSON.parse(readFileSync(join(packageRoot, 'plugin/commands.json'), 'utf8')).version).toBe(version)
})
