// Owns: that the CLI's login reaches the child, and nothing where there is none.
import {existsSync, mkdirSync, writeFileSync} from 'node:fs'
import {delimiter, join} from 'node:path'
import {afterEach, beforeEach, expect, it, vi} from 'vitest'
import {credentialEnvironment} from '../src/credential.ts'
import {script, temporary} from './stub.ts'

let home: string
let dataDir: string

beforeEach(() => {
  home = temporary()
  dataDir = join(home, 'data')
  mkdirSync(dataDir)
  vi.stubEnv('HOME', home)
  for (const name of ['HEROKU_API_KEY', 'HEROKU_API_TOKEN', 'HEROKU_HOST']) vi.stubEnv(name, undefined)
  vi.stubEnv('HEROKU_NETRC_WRITE', 'true')
})

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

const netrc = (machine: string) =>
  writeFileSync(join(home, '.netrc'), `machine ${machine}\n  login me@example.com\n  password secret-token\n`)

it('comes from netrc', async () => {
  netrc('api.heroku.com')
  expect(await credentialEnvironment(dataDir)).toEqual({
    AUTORESTART_CLI_ACCOUNT: 'me@example.com',
    AUTORESTART_CLI_TOKEN: 'secret-token',
  })
})

it('is that of the host in use', async () => {
  netrc('localhost:5000')
  expect(await credentialEnvironment(dataDir)).toEqual({})
  vi.stubEnv('HEROKU_HOST', 'http://localhost:5000')
  expect(await credentialEnvironment(dataDir)).toMatchObject({AUTORESTART_CLI_TOKEN: 'secret-token'})
})

it('is nothing without a login, and nothing is printed or asked', async () => {
  const written = vi.spyOn(process.stderr, 'write')
  vi.stubEnv('HEROKU_API_TOKEN', 'a common mistake')
  expect(await credentialEnvironment(dataDir)).toEqual({})
  expect(written).not.toHaveBeenCalled()
})

it('is left to HEROKU_API_KEY where that is set', async () => {
  netrc('api.heroku.com')
  vi.stubEnv('HEROKU_API_KEY', 'from-env')
  expect(await credentialEnvironment(dataDir)).toEqual({})
})

it.runIf(process.platform === 'linux')('is left to the binary where a keyring has it: nothing is started, and nobody logged out', async () => {
  vi.stubEnv('HEROKU_NETRC_WRITE', undefined)
  const login = join(dataDir, 'login.json')
  writeFileSync(login, '{"account":"me@example.com"}')
  const bin = join(home, 'bin')
  const started = join(home, 'started')
  script(join(bin, 'secret-tool'), `require('node:fs').writeFileSync('${started}', '')`)
  vi.stubEnv('PATH', `${bin}${delimiter}${process.env['PATH']}`)
  expect(await credentialEnvironment(dataDir)).toEqual({})
  expect(existsSync(started)).toBe(false)
  expect(existsSync(login)).toBe(true)
})
