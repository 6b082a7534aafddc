// Owns: that a release is published in an order in which nobody can install half of it, once, and told by its changelog.
import {cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeEach, expect, it, onTestFinished} from 'vitest'
import {registry} from '../registry.mjs'
import {output, root, run} from '../setup.mjs'

const NAME = 'heroku-dynos-autorestart'
const PLATFORMS = ['darwin-arm64', 'linux-x64']
let here, packed, served

beforeEach(async () => {
  here = mkdtempSync(join(root, 'target/tmp/publish-'))
  onTestFinished(() => rmSync(here, {force: true, recursive: true}))
  packed = join(here, 'packed')
  const shelf = join(here, 'shelf')
  for (const folder of [packed, shelf]) mkdirSync(folder)
  served = await registry(shelf)
  onTestFinished(() => served.close())
  for (const platform of PLATFORMS) await pack({name: `${NAME}-${platform}`})
  await pack({name: NAME, optionalDependencies: Object.fromEntries(PLATFORMS.map(platform => [`${NAME}-${platform}`, '1.2.3']))})
})

async function pack(manifest, more = {}) {
  const folder = mkdtempSync(join(here, 'package-'))
  writeFileSync(join(folder, 'package.json'), JSON.stringify({version: '1.2.3', ...manifest}))
  for (const [name, text] of Object.entries(more)) writeFileSync(join(folder, name), text)
  await output('npm', ['pack', '--silent', '--pack-destination', packed], {cwd: folder})
}

/** A process of ours with this registry, in the folder that has the packages; resolves to its exit code and all that it printed. */
async function told(script, args, env = {}) {
  let text = ''
  const {host} = new URL(served.url)
  const code = await run(process.execPath, [join(root, 'plugin/pack', script), ...args], {
    cwd: here,
    env: {
      HOME: here, PATH: process.env['PATH'],
      npm_config_registry: served.url, [`npm_config_//${host}/:_authToken`]: 'none', AUTORESTART_PUBLISH_PAUSE_MS: '10', ...env,
    },
    onOutput: chunk => (text += chunk),
  })
  return {code, text}
}

const puts = () => served.asked.filter(line => line.startsWith('PUT')).map(line => line.slice('PUT /'.length))

it('publishes the binaries first, and what asks for them last', async () => {
  // As the workflow says it: to npm this alone would be a repository on GitHub. And npm may warn of what it likes.
  expect(await told('publish.mjs', ['packed'], {npm_config_unheard_of: 'x'})).toMatchObject({code: 0})
  expect(puts().slice(0, -1).sort()).toEqual(PLATFORMS.map(platform => `${NAME}-${platform}`))
  expect(puts().at(-1)).toBe(NAME)
})

it('goes on where it broke off, and never publishes a version twice', async () => {
  expect(await told('publish.mjs', [packed])).toMatchObject({code: 0})
  rmSync(join(here, 'shelf', `${NAME}-1.2.3.tgz`))
  const again = await told('publish.mjs', [packed])
  expect(again.code).toBe(0)
  for (const platform of PLATFORMS) expect(again.text).toContain(`${NAME}-${platform}@1.2.3: there already`)
  expect(puts().filter(name => name === NAME)).toHaveLength(2)
  expect(puts().filter(name => name !== NAME)).toHaveLength(2)
})

it('publishes what is not finished, or older than the latest, under other tags', async () => {
  const tags = () => served.tags.map(({tag, version}) => `${version} ${tag}`)
  for (const version of ['1.2.4-rc.1', '1.2.2', '1.10.0', '1.9.0']) {
    expect(await told('publish.mjs', [packed])).toMatchObject({code: 0})
    rmSync(packed, {recursive: true})
    mkdirSync(packed)
    for (const platform of PLATFORMS) await pack({name: `${NAME}-${platform}`, version})
    await pack({name: NAME, optionalDependencies: Object.fromEntries(PLATFORMS.map(platform => [`${NAME}-${platform}`, version])), version})
  }

  expect(await told('publish.mjs', [packed])).toMatchObject({code: 0})
  expect([...new Set(tags())]).toEqual(['1.2.3 latest', '1.2.4-rc.1 next', '1.2.2 release-1.2', '1.10.0 latest', '1.9.0 release-1.9'])
}, 120_000)

it('refuses other bytes under a version that is published', async () => {
  expect(await told('publish.mjs', [packed])).toMatchObject({code: 0})
  await pack({name: `${NAME}-linux-x64`}, {'README.md': 'other'})
  const {code, text} = await told('publish.mjs', [packed])
  expect(code).toBe(1)
  expect(text).toContain(`${NAME}-linux-x64@1.2.3 is published with other bytes`)
})

it('publishes nothing when a platform is missing', async () => {
  rmSync(join(packed, `${NAME}-linux-x64-1.2.3.tgz`))
  const {code, text} = await told('publish.mjs', [packed])
  expect(code).toBe(1)
  expect(text).toContain(`asks for ${NAME}-darwin-arm64@1.2.3, ${NAME}-linux-x64@1.2.3, and`)
  expect(puts()).toEqual([])
})

it('publishes nothing more when a registry fails', async () => {
  served.close()
  const {code, text} = await told('publish.mjs', [packed], {npm_config_fetch_retries: '0'})
  expect(code).toBe(1)
  expect(text).toContain('npm view')
})

const CHECKED = ['package.json', 'package-lock.json', 'Cargo.toml', 'Cargo.lock', 'CHANGELOG.md']
const {version} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** A checkout with this changelog. */
function checkout(changelog, change = text => text) {
  const folder = join(here, 'checkout')
  mkdirSync(folder)
  for (const file of CHECKED) cpSync(join(root, file), join(folder, file))
  writeFileSync(join(folder, 'CHANGELOG.md'), changelog)
  const lock = join(folder, 'Cargo.lock')
  writeFileSync(lock, change(readFileSync(lock, 'utf8')))
  return {AUTORESTART_CHECKOUT: folder}
}

it.each([
  ['says what the changelog says', `## Unreleased\n\n## [${version}] - 2026-12-01\n\n- It is there.\n\n## [0.0.1] - 2026-01-01\n\n- Old.\n`, `v${version}`, 0, '- It is there.\n'],
  ['refuses what the changelog does not tell of', '## Unreleased\n\n- Much.\n', `v${version}`, 1, `CHANGELOG.md has no "## [${version}] - YYYY-MM-DD"`],
  ['refuses what is left under Unreleased', `## Unreleased\n\n- More.\n\n## [${version}] - 2026-12-01\n\n- It.\n`, `v${version}`, 1, 'under Unreleased'],
  ['refuses an empty section', `## [${version}] - 2026-12-01\n\n## [0.0.1] - 2026-01-01\n\n- Old.\n`, `v${version}`, 1, 'says nothing'],
  ['refuses another version', `## [9.9.9] - 2026-12-01\n\n- It.\n`, 'v9.9.9', 1, `v9.9.9, but package.json says ${version}`],
  ['refuses what is no version', '', 'latest', 1, 'latest is no tag of a release'],
])('a release %s', async (_, changelog, tag, code, words) => {
  const ran = await told('notes.mjs', [tag], checkout(changelog))
  expect(ran.code).toBe(code)
  if (code === 0) expect(ran.text).toBe(words)
  else expect(ran.text).toContain(words)
})

it('a release refuses to be of another repository than the package names', async () => {
  const here = checkout(`## [${version}] - 2026-12-01\n\n- It.\n`)
  const ran = await told('notes.mjs', [`v${version}`], {...here, GITHUB_REPOSITORY: 'acme/autorestart'})
  expect(ran).toMatchObject({code: 1, text: expect.stringContaining('and this is acme/autorestart')})
})

it('a release refuses a lock file of another version', async () => {
  const changed = checkout(`## [${version}] - 2026-12-01\n\n- It.\n`, text =>
    text.replace(/^(name = "heroku-dynos-autorestart"\nversion = ").*"$/m, '$19.9.9"'))
  expect(await told('notes.mjs', [`v${version}`], changed)).toMatchObject({code: 1, text: expect.stringContaining('Cargo.lock says 9.9.9')})
})
