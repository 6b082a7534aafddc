// Owns: what the binary says of itself (commands.json) and which release this is. No flag is named anywhere else in plugin/.
import {readFileSync} from 'node:fs'
import {dirname, resolve} from 'node:path'
import {fileURLToPath} from 'node:url'

export interface DeclaredFlag {
  name: string
  char: string | null
  type: 'boolean' | 'option'
  value: string | null
  summary: string
  group: string | null
  multiple: boolean
  options: string[] | null
  aliases: string[]
  hidden: boolean
  complete: 'app' | 'dyno' | 'process-type' | 'remote' | null
}

export interface DeclaredCommand {
  /** Words with a space for each level; empty for the index. */
  id: string
  summary: string
  description: string
  examples: string[]
  /** `resolve`: the shim finds the app. `typed`: only a typed `--app` counts, and the binary reads that itself. */
  app: 'none' | 'resolve' | 'typed'
  flags: DeclaredFlag[]
  args: {name: string; summary: string; required: boolean}[]
}

// src/ and dist/ lie equally deep, so tests and the published bundle find the same files.
export const packageRoot = resolve(dirname(fileURLToPath(import.meta.url)), '../..')

const json = (path: string) => JSON.parse(readFileSync(resolve(packageRoot, path), 'utf8'))

export const version: string = json('package.json').version
export const declaredCommands: DeclaredCommand[] = json('plugin/commands.json').commands
