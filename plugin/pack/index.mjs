// Owns: `npm run pack`: the npm packages, as they are published, in target/npm, and SHA256SUMS of them.
//
//   npm run pack                     builds for Linux, type-checks the rest, packs what was built
//   npm run pack -- linux-x64        only this platform
//   npm run pack -- --from FOLDER    packs all platforms, with FOLDER/PLATFORM/autorestart[.exe] as they were built elsewhere
//   npm run pack -- --twice          builds again in another folder: the binaries must come out the same, byte by byte
//
// The same checkout, versions of Rust, Node.js and npm, and lock files make the same bytes of binaries and packages for Linux.
import {chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {parseArgs} from 'node:util'
import {output, root, toTheEnd} from '../../tests/setup.mjs'
import {again, build, check, executable, platforms} from './binaries.mjs'
import {packMain, packPlatform, sums} from './packages.mjs'

/** What the packed platforms are named after: what was asked for, else all. */
function wanted(names) {
  const unknown = names.filter(name => !(name in platforms))
  if (unknown.length > 0) throw new Error(`there is no platform ${unknown.join(', ')}; there are: ${Object.keys(platforms).join(', ')}`)
  return names.length > 0 ? names : Object.keys(platforms)
}

/** Platform to binary, of what can be built on this machine. */
async function built(names) {
  const binaries = {}
  for (const platform of names) {
    console.log(`\n== ${platform}`)
    const path = await build(platform)
    if (path) binaries[platform] = path
    else console.log(`${platform} is type-checked here, and built on a machine of its own (.github/workflows/release.yml)`)
  }

  return binaries
}

/** Platform to binary, of what other machines have built. */
function gathered(folder, names) {
  const binaries = Object.fromEntries(names.map(platform => [platform, join(folder, platform, executable(platform))]))
  const missing = Object.values(binaries).filter(path => !existsSync(path))
  if (missing.length > 0) throw new Error(`not there: ${missing.join(', ')}`)
  // Artifacts of a workflow come without the right to be run, which the check needs.
  return Object.fromEntries(Object.entries(binaries).map(([platform, from]) => {
    const path = join(root, 'target/gathered', platform, executable(platform))
    cpSync(from, path)
    chmodSync(path, 0o755)
    return [platform, path]
  }))
}

async function main(argv) {
  const {positionals, values} = parseArgs({
    allowPositionals: true,
    args: argv,
    options: {from: {type: 'string'}, twice: {type: 'boolean'}},
  })
  const names = wanted(positionals)
  const out = join(root, 'target/npm')
  rmSync(out, {force: true, recursive: true})
  mkdirSync(out, {recursive: true})

  const binaries = values.from ? gathered(values.from, names) : await built(names)
  for (const [platform, path] of Object.entries(binaries)) await check(platform, path)
  await output('npm', ['run', '--silent', 'build'])

  console.log('\n== packages')
  for (const [platform, path] of Object.entries(binaries)) await packPlatform(out, platform, path, binaries['linux-x64'])
  await packMain(out)
  const lines = sums(out)
  writeFileSync(join(out, 'SHA256SUMS'), lines)
  console.log(lines.trimEnd())

  if (!values.twice) return
  console.log('\n== once more, elsewhere')
  for (const [platform, path] of Object.entries(binaries)) {
    if (!readFileSync(path).equals(readFileSync(await again(platform)))) throw new Error(`${platform} came out different`)
    console.log(`${platform}: the same bytes`)
  }
}

await toTheEnd(main)
