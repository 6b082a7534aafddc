// Owns: what documents show: their blocks of code, run and compared; their links.
//
// A block `sh` is run line by line. A block `console` has commands after `$ `, and below each the lines that it prints among
// others, in this order; how long until something is, is not compared. Before a block that is not run stands
// <!-- not run: WHY -->.
import {existsSync, readdirSync, readFileSync} from 'node:fs'
import {dirname, join, resolve} from 'node:path'
import {root} from './setup.mjs'

export const documents = ['README.md', 'CHANGELOG.md', ...readdirSync(join(root, 'docs')).filter(name => name.endsWith('.md')).map(name => `docs/${name}`)]

const text = path => readFileSync(join(root, path), 'utf8')

/** The blocks of a document: language, commands with what they print, why they are not run, and under which heading of the second level. */
export function blocks(path) {
  const found = []
  const [lines, open] = [text(path).split('\n'), {heading: '', note: undefined, block: undefined}]
  for (const [index, line] of lines.entries()) {
    const fence = /^```(.*)$/.exec(line)
    if (open.block) {
      if (fence) {
        found.push(open.block)
        open.block = undefined
      } else open.block.lines.push(line)
    } else if (fence) {
      open.block = {heading: open.heading, language: fence[1], line: index + 1, lines: [], notRun: open.note, path}
    } else if (line.startsWith('## ')) open.heading = line.slice(3)
    if (!open.block && line) open.note = /^<!-- not run: (.+) -->$/.exec(line)?.[1]
  }

  return found
}

/** Commands of a block, each with the lines that it shows. */
export function commands({language, lines}) {
  if (language === 'sh') return lines.map(line => line.replace(/\s+#.*$/, '')).filter(Boolean).map(command => ({command, shown: []}))
  const found = []
  for (const line of lines) {
    if (line.startsWith('$ ')) found.push({command: line.slice(2).replace(/\s+#.*$/, ''), shown: []})
    else if (line) found.at(-1).shown.push(line)
  }

  return found
}

/** The morning of the documents begins at 11:39, and a slow machine takes minutes for what they show. */
const compared = line => line
  .replaceAll(/\(in [^)]*\)|\bin \d[\dhms]*\b/g, 'in so long')
  .replaceAll(/\b11:(39|4\d)\b/g, '11:39')
  .replaceAll(/\b\d+s\b/g, 'seconds')
  .replaceAll(/\s+/g, ' ')
  .trim()

/** The first of these lines that is not printed after those before it; nothing where all are. */
export function unprinted(shown, printed) {
  const rest = printed.split('\n').map(compared)
  return shown.find(line => {
    const at = rest.indexOf(compared(line))
    if (at >= 0) rest.splice(0, at + 1)
    return at < 0
  })
}

/** Links of a document that lead nowhere within the checkout: to no file, or to no heading of one. */
export function brokenLinks(path) {
  const prose = text(path).replaceAll(/^```.*?^```$/gms, '')
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, to]) => to).filter(to => !/^https:\/\//.test(to))
  return links.filter(to => {
    const [file, anchor] = to.split('#')
    const target = file ? resolve(root, dirname(path), file) : join(root, path)
    if (!existsSync(target)) return true
    return anchor !== undefined && !anchors(readFileSync(target, 'utf8')).includes(anchor)
  })
}

/** As GitHub makes them of headings. */
function anchors(markdown) {
  const headings = [...markdown.replaceAll(/^```.*?^```$/gms, '').matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading)
  return headings.map(heading => heading.toLowerCase().replaceAll(/[^\w -]/g, '').replaceAll(' ', '-'))
}
