// Owns: which app a command is about. The CLI's own flag decides; this only tells it what was typed.
import type {FlagInput} from '@oclif/core/interfaces'
import {parse} from '@oclif/core/parser'
import {stripVTControlCharacters} from 'node:util'
import {typedOnly} from './flags.ts'
import {quietly} from './quietly.ts'

/** AUTORESTART_CLI_APP, or AUTORESTART_CLI_APP_ERROR in the CLI's words, or neither where oclif cannot read `argv`. */
export async function appEnvironment(flags: FlagInput, argv: readonly string[]): Promise<NodeJS.ProcessEnv> {
  const {app, remote} = flags
  if (!app || !remote) return {}

  let typed: Record<string, string>
  try {
    // No args are declared: oclif would read a missing one from stdin, which is the child's.
    const read = await parse([...argv], {args: {}, flags: {...flags, app: typedOnly(app)}, strict: false})
    typed = read.flags as typeof typed
  } catch {
    // What is wrong with argv is the binary's to say, and without a reading of argv any app would be a guess.
    return {}
  }

  const appArgv = ['app', 'remote'].flatMap(name => (typed[name] === undefined ? [] : [`--${name}=${typed[name]}`]))
  try {
    // Without defaultHelp, which is for help and would ask git everything once more.
    const resolved = await quietly(() => parse(appArgv, {flags: {app: {...app, defaultHelp: undefined, required: true}, remote} as FlagInput}))
    return {AUTORESTART_CLI_APP: resolved.flags['app'] as string}
  } catch (error) {
    return {AUTORESTART_CLI_APP_ERROR: stripVTControlCharacters((error as Error).message)}
  }
}
