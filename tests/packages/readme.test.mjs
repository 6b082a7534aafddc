// Owns: that what the README shows is so: each command is run in its order by the real Heroku CLI with the packed plugin, as by
// somebody who has a login and nothing else, against a simulated Heroku on a fixed morning.
import {chmodSync, mkdirSync, writeFileSync} from 'node:fs'
import {delimiter, join} from 'node:path'
import {afterAll, beforeAll, expect, it, onTestFinished} from 'vitest'
import {blocks, commands, unprinted} from '../documents.mjs'
import {herokuWords, machine} from '../e2e/machine.mjs'
import {registry} from '../registry.mjs'
import {root} from '../setup.mjs'

const TOKEN = 'HRKU-7d1f0c3e-5a8b-4e6f-b2a9-90c1d2e3f405'
let registered

beforeAll(async () => {
  registered = await registry(join(root, 'target/npm'))
})
afterAll(() => registered.close())

/** Resolves to what runs a line of a shell there. */
async function stranger() {
  const here = await machine(onTestFinished, {
    clock: '2026-11-24T10:39:00Z',
    env: {AUTORESTART_BINARY: undefined, HEROKU_API_KEY: undefined, HEROKU_NETRC_WRITE: 'true', HEROKU_NPM_REGISTRY: registered.url, TZ: 'Europe/Paris'},
    isLinked: false,
    sandboxArgs: ['--run-slugs'],
  })
  const {cwd, home, program, sandbox} = here
  await sandbox.patch('/sandbox', {token: TOKEN})
  writeFileSync(join(home, '.netrc'), `machine ${sandbox.machine}\n  login me@example.com\n  password ${TOKEN}\n`, {mode: 0o600})
  const bin = join(home, 'bin')
  mkdirSync(bin)
  const words = herokuWords([]).map(word => `'${word}'`).join(' ')
  writeFileSync(join(bin, 'heroku'), `#!/bin/sh\nexec ${words} "$@"\n`)
  chmodSync(join(bin, 'heroku'), 0o755)
  const PATH = [bin, join(home, 'npm/bin'), process.env['PATH']].join(delimiter)
  return async command => {
    const clock = new Date((await sandbox.get('/sandbox/clock')).now).toISOString()
    const env = {AUTORESTART_CLOCK: clock, npm_config_prefix: join(home, 'npm'), npm_config_registry: registered.url, PATH}
    return program('bash', ['-c', command], {cwd, env})
  }
}

const isRun = ({language, notRun}) => ['sh', 'console'].includes(language) && !notRun
const sections = {}
for (const block of blocks('README.md').filter(isRun)) (sections[block.heading] ??= []).push(block)

it.each(Object.entries(sections))('what it shows under "%s"', async (heading, shown) => {
  const run = await stranger()
  const all = shown.flatMap(block => commands(block).map(one => ({...one, line: block.line})))
  // A reader has installed it by then.
  if (!all.some(({command}) => command.startsWith('heroku plugins:install'))) await run('heroku plugins:install heroku-dynos-autorestart')
  for (const {command, line, shown} of all) {
    let ended = await run(command)
    // What asks at a terminal is answered.
    if (ended.status === 2 && ended.stderr.includes('there is nobody to ask')) ended = await run(`${command} --yes`)
    expect(ended, `README.md:${line}: ${command}`).toMatchObject({status: 0})
    expect(unprinted(shown, `${ended.stdout}\n${ended.stderr}`), `${command} printed\n${ended.stdout}\n${ended.stderr}`).toBeUndefined()
  }
}, 300_000)
