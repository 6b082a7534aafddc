// Owns: that what the documents show is so, the README apart (tests/packages/readme.test.mjs): commands run by the real Heroku
// CLI, files that are read, links that lead somewhere.
import {existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {delimiter, join} from 'node:path'
import {expect, it, onTestFinished} from 'vitest'
import {blocks, brokenLinks, commands, documents, unprinted} from '../documents.mjs'
import {binary, root} from '../setup.mjs'
import {herokuWords, machine} from './machine.mjs'

const LANGUAGES = ['console', 'json', 'sh', 'toml', 'yaml']
/** What the examples speak of. */
const WORLD = `${readFileSync(join(root, 'src/sandbox/leaky-shop.toml'), 'utf8').replace('habits =', 'metrics = true\nhabits =')}
[[app]]
name = "shop-web"
pipeline = "shop/production"
[[app.formation]]
type = "web"
quantity = 1
`
const SAMPLE = 'heroku[web.1]: source=web.1 dyno=heroku.1.7f9b14bc-1d3b-47f4-91c1-704964b8793f sample#memory_total=300.00MB sample#memory_rss=300.00MB sample#memory_quota=512.00MB'

/** Somebody who has the plugin, a login, and the files that the examples name. */
async function reader() {
  const here = await machine(onTestFinished, {clock: '2026-11-24T10:39:00Z', env: {TZ: 'Europe/Paris'}, scenario: WORLD})
  const {cwd, home, program, sandbox} = here
  const write = (name, text) => writeFileSync(join(cwd, name), text)
  write('autorestart.toml', 'version = 1\n\n[[schedule]]\napp = "example-app"\nat = "07,14"\ntimezone = "Europe/Paris"\n')
  write('saved.log', [10, 30, 50].map(second => `2026-03-02T07:00:${second}.000000+00:00 ${SAMPLE}\n`).join(''))
  write('token', 'HRKU-7d1f0c3e-5a8b-4e6f-b2a9-90c1d2e3f405\n')
  const bin = join(home, 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'heroku'), `#!/bin/sh\nexec ${herokuWords([]).map(word => `'${word}'`).join(' ')} "$@"\n`, {mode: 0o755})
  writeFileSync(join(bin, 'autorestart'), `#!/bin/sh\nexec '${binary('debug')}' "$@"\n`, {mode: 0o755})
  const PATH = [bin, process.env['PATH']].join(delimiter)
  const run = async command => {
    const clock = new Date((await sandbox.get('/sandbox/clock')).now).toISOString()
    return program('bash', ['-c', command], {cwd, env: {AUTORESTART_CLOCK: clock, PATH}})
  }
  return {later: () => sandbox.patch('/sandbox', {advance: '10m'}), run}
}

const all = documents.filter(path => path !== 'README.md').flatMap(blocks)

it('every block is of a language that is checked, or says why it is not run', () => {
  const others = [...all, ...blocks('README.md')].filter(({language, notRun}) => !LANGUAGES.includes(language) && !notRun)
  expect(others.map(({language, line, path}) => `${path}:${line} ${language}`)).toEqual([])
})

const isRun = ({language, notRun}) => ['sh', 'console'].includes(language) && !notRun
const runs = all.filter(block => isRun(block) && block.path !== 'docs/COMMANDS.md')

it.each([...new Set(runs.map(({path}) => path))])('what %s shows is so', async path => {
  const {run} = await reader()
  for (const block of runs.filter(block => block.path === path)) {
    for (const {command, shown} of commands(block)) {
      let ended = await run(command)
      if (ended.status === 2 && ended.stderr.includes('there is nobody to ask')) ended = await run(`${command} --yes`)
      expect(ended, `${path}:${block.line}: ${command}`).toMatchObject({status: 0})
      expect(unprinted(shown, `${ended.stdout}\n${ended.stderr}`), `${command} printed\n${ended.stdout}\n${ended.stderr}`).toBeUndefined()
    }
  }
}, 240_000)

/** Examples that take a runner, a terminal, another machine, or somebody who ends them: each is run elsewhere. */
const ELSEWHERE = {
  'heroku dynos:autorestart:run --watch': 'tests/e2e/ending.test.mjs',
  'heroku dynos:autorestart:status --app example-app --watch': 'tests/e2e/memory.test.mjs',
  'heroku dynos:autorestart:auth': 'tests/e2e/auth.test.mjs',
}
const elsewhere = command => ELSEWHERE[command] ?? (/autorestart:(auth:|deploy|install$|uninstall|notify:)/.test(command) ? 'tests/e2e' : undefined)

it('the examples of the commands do what they say', async () => {
  const {later, run} = await reader()
  const examples = all.filter(({path}) => path === 'docs/COMMANDS.md').filter(isRun).flatMap(commands).map(({command}) => command)
  expect(examples.length).toBeGreaterThan(40)
  for (const command of examples.filter(command => !elsewhere(command))) {
    if (command.includes('saved.log.gz')) await run('gzip --keep saved.log')
    // Some samples of memory to draw.
    if (command.includes('--svg memory.svg')) await later()
    // Each by itself, whatever an earlier one left or took away.
    await run('rm -f ~/.config/autorestart/schedules.toml')
    await run('autorestart set --app example-app --at 07,14')
    if (command.includes(':resume')) await run('autorestart pause --app example-app')
    const ended = await run(command)
    expect(ended, command).toMatchObject({status: 0})
  }
}, 240_000)

it.each(all.concat(blocks('README.md')).filter(({language}) => language === 'toml').map(block => [`${block.path}:${block.line}`, block]))('%s is a file of schedules', async (_, {lines}) => {
  const {autorestart, cwd, env} = await machine(onTestFinished)
  const path = join(cwd, 'shown.toml')
  const text = lines.join('\n')
  writeFileSync(path, text.includes('version') ? text : `version = 1\n${text}`)
  mkdirSync(join(env.HOME, '.config/autorestart'), {recursive: true})
  writeFileSync(join(env.HOME, '.config/autorestart/notify.json'), '')
  expect(await autorestart(['--schedules', path, '--json'])).toMatchObject({status: 0})
})

it.each(all.filter(({language, notRun}) => language === 'json' && !notRun).map(({line, lines, path}) => [`${path}:${line}`, lines.join('\n')]))('%s is JSON', (_, text) => {
  expect(() => JSON.parse(text)).not.toThrow()
})

it.each(documents)('the links of %s lead somewhere', path => {
  expect(brokenLinks(path)).toEqual([])
})

it('the picture of the README is there, and says by itself what it shows', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const [, words, path] = /!\[([^\]]+)\]\(([^)]+)\)/.exec(readme)
  expect(existsSync(join(root, path))).toBe(true)
  const picture = readFileSync(join(root, path), 'utf8')
  expect(picture).toMatch(/^<svg /)
  const [minutes] = /\d+ minutes of R14/.exec(words)
  expect(picture).toContain(`as recorded: ${minutes.replace('minutes', 'min')}`)
  for (const policy of ['--at 07,14', '--memory 90%']) {
    expect(words).toContain(policy)
    expect(picture).toContain(`${policy}: 0 min of R14`)
  }
})
