// Owns: that the packed packages are what `heroku plugins:install` brings to a clean home: installed, used, updated, taken
// away again by the real Heroku CLI, from a registry on loopback that has nothing else.
import {cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, it, onTestFinished} from 'vitest'
import {machine} from '../e2e/machine.mjs'
import {registry} from '../registry.mjs'
import {output, root} from '../setup.mjs'

const NAME = 'heroku-dynos-autorestart'
const {version} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const platform = `${process.platform}-${process.arch}`
const isWindows = process.platform === 'win32'
const packed = join(root, 'target/npm')
const platforms = Object.keys(JSON.parse(readFileSync(join(root, 'plugin/platforms.json'), 'utf8')))
const ofAllPlatforms = Object.fromEntries(platforms.map(one => [`${NAME}-${one}`, version]))
let registered

beforeAll(async () => {
  registered = await registry(packed)
})
afterAll(() => registered.close())

/** A machine of somebody who has the Heroku CLI, and has never heard of us. */
async function stranger(from = registered, env = {}) {
  // Whatever npm was told by the test command that this runs in is not for the npm that the CLI starts.
  const noNpm = Object.fromEntries(Object.keys(process.env).filter(name => /^npm_/i.test(name)).map(name => [name, undefined]))
  const here = await machine(onTestFinished, {
    env: {...noNpm, AUTORESTART_BINARY: undefined, HEROKU_NPM_REGISTRY: from.url, npm_config_cache: undefined, ...env},
    isLinked: false,
  })
  const modules = join(here.home, isWindows ? 'heroku' : '.local/share/heroku', 'node_modules')
  return {
    ...here,
    modules,
    ok: async args => {
      const run = await here.heroku(args)
      expect(run, args.join(' ')).toMatchObject({status: 0})
      return run
    },
    packages: () => (existsSync(modules) ? readdirSync(modules).filter(name => !name.startsWith('.')).sort() : []),
  }
}

it('one command brings the plugin and the binary for this machine, and no other package', async () => {
  const {ok, packages} = await stranger()
  await ok(['plugins:install', NAME])
  expect(packages()).toEqual([NAME, `${NAME}-${platform}`])
  expect((await ok(['plugins'])).stdout).toContain(`${NAME} ${version}`)
})

it('what was installed sets, lists, restarts what is due, and tells of it', async () => {
  const {ok, sandbox} = await stranger()
  await ok(['plugins:install', NAME])
  const before = await sandbox.get('/apps/example-app/dynos')
  const minute = await sandbox.minute()
  const set = await ok(['dynos:autorestart:set', '--app', 'example-app', '--at', minute, '--timezone', 'UTC', '--settle', '1s'])
  expect(set.stdout).toContain(`Created schedule default of ⬢ example-app: all dynos restart at ${minute}, UTC`)
  expect((await ok(['dynos:autorestart'])).stdout).toContain('example-app')
  const {steps} = JSON.parse((await ok(['dynos:autorestart:run', '--json'])).stdout)
  expect(steps.map(({dyno, outcome}) => `${dyno} ${outcome}`).sort()).toEqual(['web.1 restarted', 'web.2 restarted', 'worker.1 restarted'])
  const after = await sandbox.get('/apps/example-app/dynos')
  for (const {id, name} of after) expect(before.some(dyno => dyno.id === id), name).toBe(['run.7', 'worker.4021'].includes(name))
  expect((await ok(['dynos:autorestart:history'])).stdout).toContain('worker.1')
})

it('a tarball can be installed as it lies there', async () => {
  const {ok, packages} = await stranger(registered, {npm_config_registry: registered.url})
  await ok(['plugins:install', `file:${join(packed, `${NAME}-${version}.tgz`)}`])
  expect(packages()).toEqual([NAME, `${NAME}-${platform}`])
  expect((await ok(['dynos:autorestart', '--json'])).stdout.trim()).toBe('[]')
})

it('plugins:update brings both halves of the next release, and plugins:uninstall takes both away', async () => {
  const shelf = mkdtempSync(join(root, 'target/tmp/shelf-'))
  onTestFinished(() => rmSync(shelf, {force: true, recursive: true}))
  cpSync(packed, shelf, {recursive: true})
  const later = await registry(shelf)
  onTestFinished(() => later.close())

  const {modules, ok, packages} = await stranger(later)
  await ok(['plugins:install', NAME])
  await release(shelf, '9.9.9')
  await ok(['plugins:update'])
  for (const name of [NAME, `${NAME}-${platform}`]) expect(JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8')).version).toBe('9.9.9')
  await ok(['dynos:autorestart'])

  await ok(['plugins:uninstall', NAME])
  expect(packages()).toEqual([])
  expect((await ok(['plugins'])).stdout).not.toContain(NAME)
})

/** Puts what is on the shelf there once more, as another version. */
async function release(shelf, next) {
  for (const file of readdirSync(shelf).filter(name => name.endsWith(`-${version}.tgz`))) {
    const folder = mkdtempSync(join(shelf, 'next-'))
    await output('tar', ['-xzf', `../${file}`], {cwd: folder})
    const path = join(folder, 'package/package.json')
    const manifest = JSON.parse(readFileSync(path, 'utf8'))
    manifest.version = next
    for (const name of Object.keys(manifest.optionalDependencies ?? {})) manifest.optionalDependencies[name] = next
    writeFileSync(path, JSON.stringify(manifest))
    await output('tar', ['-czf', `../${file.replace(version, next)}`, 'package'], {cwd: folder})
    rmSync(folder, {recursive: true})
  }
}

it('where optional packages are left out, or a mirror lacks them, the command says so, and how to mend it', async () => {
  const shelf = mkdtempSync(join(root, 'target/tmp/mirror-'))
  onTestFinished(() => rmSync(shelf, {force: true, recursive: true}))
  cpSync(join(packed, `${NAME}-${version}.tgz`), join(shelf, `${NAME}-${version}.tgz`))
  const mirror = await registry(shelf)
  onTestFinished(() => mirror.close())

  for (const [from, env] of [[registered, {npm_config_optional: 'false'}], [mirror, {}]]) {
    const {heroku, ok, packages} = await stranger(from, env)
    await ok(['plugins:install', NAME])
    expect(packages()).toEqual([NAME])
    const {status, stderr} = await heroku(['dynos:autorestart'])
    expect(status).toBe(1)
    expect(told(stderr)).toContain(`${NAME}-${platform}, the package that holds the binary, is not installed`)
    expect(told(stderr)).toContain(`heroku plugins:install ${NAME}`)
  }
})

/** Without the mark and the line breaks of the CLI's errors. */
const told = stderr => stderr.replaceAll(/\s+›?\s*/g, ' ')

it('where a home was copied from another kind of machine, the command says so', async () => {
  const {heroku, modules, ok} = await stranger()
  await ok(['plugins:install', NAME])
  const other = platform === 'darwin-arm64' ? 'linux-x64' : 'darwin-arm64'
  renameSync(join(modules, `${NAME}-${platform}`), join(modules, `${NAME}-${other}`))
  const {status, stderr} = await heroku(['dynos:autorestart'])
  expect(status).toBe(1)
  expect(told(stderr)).toContain(`the binary installed here is for ${other}, but this machine is ${platform}`)
})

it('the bill of materials has what its attestation asks for, and each part has its licence there', async () => {
  const folder = 'package/plugin/dist'
  const text = name => output('tar', ['-xzOf', `${NAME}-${version}.tgz`, `${folder}/${name}`], {cwd: packed})
  const {bomFormat, components, metadata, serialNumber, specVersion} = JSON.parse(await text('plugin.cdx.json'))
  expect([bomFormat, specVersion]).toEqual(['CycloneDX', '1.5'])
  expect(serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(metadata.component).toMatchObject({name: NAME, version})
  const licenses = await text('LICENSES.txt')
  expect(components.length).toBeGreaterThan(10)
  for (const one of components) expect(licenses).toContain(`${one.name} ${one.version} (${one.licenses[0].expression})`)
})

it('a binary that is damaged is told, and runs nothing', async () => {
  const {heroku, modules, ok} = await stranger()
  await ok(['plugins:install', NAME])
  const binary = join(modules, `${NAME}-${platform}`, 'bin', isWindows ? 'autorestart.exe' : 'autorestart')
  for (const length of [1_000_000, 0]) {
    writeFileSync(binary, readFileSync(binary).subarray(0, length))
    const run = await heroku(['dynos:autorestart:run', '--json'])
    expect(run.status).toBe(1)
    const {error} = JSON.parse(run.stdout)
    expect(error).toMatchObject({code: 'binary_missing', hint: expect.stringContaining('heroku plugins:install')})
    expect(error.message).toContain(`which has ${length} bytes, and must have`)
  }
})

it('no package runs anything when it is installed, and the binary is for whoever asks', async () => {
  const folder = mkdtempSync(join(root, 'target/tmp/packed-'))
  onTestFinished(() => rmSync(folder, {force: true, recursive: true}))
  for (const [name, bin] of [[NAME, undefined], [`${NAME}-${platform}`, `bin/autorestart${isWindows ? '.exe' : ''}`]]) {
    const place = join(folder, name)
    mkdirSync(place)
    cpSync(join(packed, `${name}-${version}.tgz`), join(place, 'it.tgz'))
    await output('tar', ['-xzf', 'it.tgz'], {cwd: place})
    const manifest = JSON.parse(readFileSync(join(place, 'package/package.json'), 'utf8'))
    expect(Object.keys(manifest)).not.toContain('scripts')
    expect(manifest.dependencies ?? {}).toEqual({})
    expect(manifest.optionalDependencies).toEqual(name === NAME ? ofAllPlatforms : undefined)
    expect(existsSync(join(place, 'package/LICENSE'))).toBe(true)
    if (bin) expect(statSync(join(place, 'package', bin)).mode & 0o777).toBe(isWindows ? 0o666 : 0o755)
  }
})
