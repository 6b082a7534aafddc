// Owns: publishing what `npm run pack` packed: node plugin/pack/publish.mjs FOLDER
//
// The packages with the binaries come first, and are there for everybody, before the one that asks for them: npm leaves out
// an optional package that it does not find, and says nothing. What is there already, byte by byte, is left as it is, so a
// release that broke off is published by doing it again.
import {createHash} from 'node:crypto'
import {readdirSync, readFileSync} from 'node:fs'
import {join, resolve} from 'node:path'
import {setTimeout as pause} from 'node:timers/promises'
import {isStopped, manifestOf, run, toTheEnd} from '../../tests/setup.mjs'

/** How long a registry may take to show what it took. */
const TRIES = 48
const BETWEEN = Number(process.env['AUTORESTART_PUBLISH_PAUSE_MS'] ?? 5000)

async function tarballs(folder) {
  const files = readdirSync(folder).filter(file => file.endsWith('.tgz')).map(file => join(folder, file))
  return Promise.all(files.map(async path => ({
    integrity: `sha512-${createHash('sha512').update(readFileSync(path)).digest('base64')}`,
    path,
    ...(await manifestOf(path)),
  })))
}

/** What the registry has under `field` of a package; nothing where it has no such package, or version. */
async function viewed(spec, field) {
  let text = ''
  const options = {onOutput: chunk => (text += chunk), stderr: 'ignore'}
  const code = await run('npm', ['view', spec, field, '--json', '--prefer-online'], options)
  const said = text.trim() ? JSON.parse(text) : undefined
  if (code === 0) return said
  if (said?.error?.code === 'E404') return undefined
  throw new Error(isStopped() ? 'stopped' : `npm view ${spec} ended with ${code}: ${said?.error?.summary ?? 'it said nothing'}`)
}

const published = ({name, version}) => viewed(`${name}@${version}`, 'dist.integrity')

/** Whoever asks for no version gets the newest one that is finished. */
async function tagFor({name, version}) {
  if (version.includes('-')) return 'next'
  const latest = await viewed(name, 'dist-tags.latest')
  return latest && isBefore(version, latest) ? `release-${version.split('.').slice(0, 2).join('.')}` : 'latest'
}

/** Of versions that are finished, or were meant to be: one that is not is before none that is. */
function isBefore(version, other) {
  const [ours, theirs] = [version, other].map(one => one.split('-')[0].split('.').map(Number))
  const at = ours.findIndex((part, index) => part !== theirs[index])
  return at >= 0 && ours[at] < theirs[at]
}

async function publish(one) {
  const shown = `${one.name}@${one.version}`
  const there = await published(one)
  if (there === one.integrity) return console.log(`${shown}: there already`)
  if (there) throw new Error(`${shown} is published with other bytes: a version is never published twice`)
  // With our terminal, where there is one: npm asks there for a second factor.
  const code = await run('npm', ['publish', one.path, '--access', 'public', '--tag', await tagFor(one)], {stdin: 'inherit'})
  if (code !== 0) throw new Error(`npm publish ${shown} ended with ${code}`)
  for (let tries = TRIES; (await published(one)) !== one.integrity; tries--) {
    if (tries === 0) throw new Error(`${shown} was taken, and the registry does not show it`)
    await pause(BETWEEN)
  }
  console.log(`${shown}: published`)
}

async function main([folder]) {
  if (!folder) throw new Error('usage: node plugin/pack/publish.mjs FOLDER')
  // npm takes a path with one slash and no dot for a repository on GitHub.
  const all = await tarballs(resolve(folder))
  const [first, ...others] = all.filter(({optionalDependencies}) => optionalDependencies)
  if (!first || others.length > 0) throw new Error(`${folder} has ${others.length + (first ? 1 : 0)} packages with optional dependencies, and must have one`)
  const wanted = Object.entries(first.optionalDependencies).map(([name, version]) => `${name}@${version}`).sort()
  const platforms = all.filter(one => one !== first)
  const packed = platforms.map(({name, version}) => `${name}@${version}`).sort()
  if (packed.join() !== wanted.join()) throw new Error(`${first.name} asks for ${wanted.join(', ')}, and ${folder} has ${packed.join(', ')}`)
  for (const one of [...platforms, first]) await publish(one)
}

await toTheEnd(main)
