// Owns: the licences of what is in a binary: they ask to travel with their code.
import {readdirSync, readFileSync} from 'node:fs'
import {dirname, join, relative} from 'node:path'
import {output, root} from '../../tests/setup.mjs'

/** Text: each licence once, under the names of the crates that have it. */
export async function licensesOf(target) {
  const args = ['metadata', '--format-version', '1', '--locked', '--filter-platform', target]
  const {packages, resolve} = JSON.parse(await output('cargo', args))
  const inside = reached(resolve)
  const byText = new Map()
  for (const {id, license, manifest_path, name, version} of packages) {
    if (id === resolve.root || !inside.has(id)) continue
    const folder = dirname(manifest_path)
    for (const file of textsOf(folder)) {
      const text = file ? readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n').trim() : 'Its package has no text of it.'
      byText.set(text, [...(byText.get(text) ?? []), `${name} ${version} (${license})`])
    }
  }

  const parts = [...byText].map(([text, crates]) => `${[...new Set(crates)].sort().join('\n')}\n\n${text}\n`)
  const musl = target.endsWith('musl') ? [readFileSync(join(root, 'plugin/pack/musl.txt'), 'utf8')] : []
  return [...parts.sort(), ...musl].join(`\n${'-'.repeat(72)}\n\n`)
}

/** What Rust's own library asks to travel with it: a page that comes with each of its releases. */
export async function licensesOfRust() {
  const sysroot = (await output('rustc', ['--print', 'sysroot'])).trim()
  return readFileSync(join(sysroot, 'share/doc/rust/COPYRIGHT-library.html'), 'utf8')
}

/** Licences of a crate, and of what it has taken from others; or nothing, once. */
function textsOf(folder) {
  const isText = ({name, parentPath}) => /^(licen[cs]e|copying|copyright|notice|unlicense)/i.test(name) && !/[/\\](tests?|benches|examples)([/\\]|$)/.test(parentPath)
  const files = readdirSync(folder, {recursive: true, withFileTypes: true}).filter(entry => entry.isFile() && isText(entry))
  const paths = files.map(({name, parentPath}) => relative(folder, join(parentPath, name))).sort()
  return paths.length > 0 ? paths : [undefined]
}

/** Ids of the packages that the binary is linked with: no tests, no build scripts. */
function reached({nodes, root: first}) {
  const byId = new Map(nodes.map(node => [node.id, node]))
  const seen = new Set()
  const look = id => {
    if (seen.has(id)) return
    seen.add(id)
    for (const {dep_kinds, pkg} of byId.get(id).deps) if (dep_kinds.some(({kind}) => kind === null)) look(pkg)
  }
  look(first)
  return seen
}
