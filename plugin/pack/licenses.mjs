// Owns: the licences of the crates that are in a binary: they ask to travel with their code.
import {readdirSync, readFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {output} from '../../tests/setup.mjs'

/** Text: each licence once, under the names of the crates that have it. */
export async function licensesOf(target) {
  const args = ['metadata', '--format-version', '1', '--locked', '--filter-platform', target]
  const {packages, resolve} = JSON.parse(await output('cargo', args))
  const inside = reached(resolve)
  const byText = new Map()
  for (const {id, license, manifest_path, name, version} of packages) {
    if (id === resolve.root || !inside.has(id)) continue
    const folder = dirname(manifest_path)
    const files = readdirSync(folder).filter(file => /^(licen[cs]e|copying|notice|unlicense)/i.test(file)).sort()
    for (const file of files.length > 0 ? files : [undefined]) {
      const text = file ? readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n').trim() : 'Its package has no text of it.'
      byText.set(text, [...(byText.get(text) ?? []), `${name} ${version} (${license})`])
    }
  }

  const parts = [...byText].map(([text, crates]) => `${[...new Set(crates)].sort().join('\n')}\n\n${text}\n`)
  return parts.sort().join(`\n${'-'.repeat(72)}\n\n`)
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
