// Owns: the pretended binary of the tests: it writes down what it was given and ends as it is told.
import {chmodSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {afterAll} from 'vitest'

const folders: string[] = []
afterAll(() => folders.forEach(folder => rmSync(folder, {force: true, recursive: true})))

/** A new folder that goes when the test file is done. */
export function temporary(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'autorestart-plugin-')))
  folders.push(folder)
  return folder
}

/** Puts a script of Node at `path`, executable. */
export function script(path: string, body: string): string {
  mkdirSync(dirname(path), {recursive: true})
  // CommonJS wherever it lies: an outer package.json must not decide how it is read.
  writeFileSync(path, `#!${process.execPath}\n${body}\n`)
  chmodSync(path, 0o755)
  return path
}

export interface Seen {
  argv: string[]
  env: Record<string, string>
}

/** A binary that records argv and environment, then runs `ending` (exit 0 if empty). */
export function stubBinary(ending = '') {
  const folder = temporary()
  const record = join(folder, 'seen.json')
  const path = script(
    join(folder, 'autorestart'),
    `require('fs').writeFileSync(${JSON.stringify(record)}, JSON.stringify({argv: process.argv.slice(2), env: process.env}))\n${ending}`,
  )
  return {path, seen: (): Seen => JSON.parse(readFileSync(record, 'utf8'))}
}
