// Owns: `npm run bench`: the figures of docs/MEASURED.md, of the binary that ships, beside its peers in one run.
//
//   npm run bench                    all of it, about half an hour
//   npm run bench -- whole_process   only this: whole_process, memory, fleet, calendars or size
import {build} from '../plugin/pack/binaries.mjs'
import {cargo, leaveOnSignals, output} from './setup.mjs'

const BENCHES = ['whole_process', 'memory', 'fleet', 'calendars']
const here = `${process.platform}-${process.arch}`

leaveOnSignals()
process.exitCode = await main(process.argv.slice(2))

async function main(wanted) {
  const binary = await build(here)
  for (const name of wanted.length > 0 ? wanted : [...BENCHES, 'size']) {
    console.log(`\n== ${name}`)
    if (name === 'size') {
      await size()
      continue
    }
    const code = await cargo(['bench', '--bench', name], {env: {...process.env, AUTORESTART_BINARY: binary}})
    if (code !== 0) return code
  }

  return 0
}

/** What each crate has of the binary: its symbols, where a generic one counts for whom it was made. */
async function size() {
  // In a folder of its own: what ships keeps none.
  const binary = await build(here, {env: {CARGO_PROFILE_DIST_STRIP: 'none'}, folder: 'target/size'})
  const lines = (await output('nm', ['--demangle', '--print-size', binary])).split('\n')
  const [byCrate, ours] = [new Map(), new Map()]
  const add = (map, key, bytes) => map.set(key, (map.get(key) ?? 0) + bytes)
  for (const line of lines) {
    const [, length, kind, name] = /^[0-9a-f]+ ([0-9a-f]+) (\w) (.*)$/.exec(line) ?? []
    if (!name || 'bB'.includes(kind)) continue
    const bytes = parseInt(length, 16)
    const crate = owner(name)
    add(byCrate, crate, bytes)
    const module = /\bautorestart::([a-z_]+)/.exec(name)
    if (crate === 'autorestart') add(ours, module?.[1] ?? 'other', bytes)
  }

  const total = [...byCrate.values()].reduce((sum, bytes) => sum + bytes, 0)
  const print = (title, map, most) => {
    console.log(`${title}: kB and share of the ${(total / 1e6).toFixed(2)} MB that symbols name`)
    for (const [key, bytes] of [...map].sort((a, b) => b[1] - a[1]).slice(0, most))
      console.log(`${(bytes / 1e3).toFixed(0).padStart(6)}  ${((bytes / total) * 100).toFixed(1).padStart(4)} %  ${key}`)
  }
  print('by crate', byCrate, 24)
  print('of autorestart, by module', ours, 16)
}

/** The crate that a symbol is there for: ours where it names us, else the first that is not the standard library. */
function owner(name) {
  const crates = [...name.matchAll(/(?<![\w:])([a-z][a-z0-9_]*)::/g)].map(([, crate]) => crate)
  if (crates.includes('autorestart')) return 'autorestart'
  return crates.find(crate => !['alloc', 'core', 'std'].includes(crate)) ?? (crates.length > 0 ? 'std' : 'C, tables, std')
}
