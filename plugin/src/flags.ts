// Owns: declared flags as oclif's, for help, completion and the reading of --app. What a value means is the binary's.
import {app, remote} from '@heroku-cli/command/lib/flags/app.js'
import * as Flags from '@oclif/core/flags'
import type {FlagInput} from '@oclif/core/interfaces'
import {createRequire} from 'node:module'
import {join} from 'node:path'
import {pathToFileURL} from 'node:url'
import type {DeclaredCommand, DeclaredFlag} from './declared.ts'

interface Context {
  /** `root`: the folder of the CLI that runs us. */
  config: {root: string}
  flags?: Record<string, string>
}

// The CLI's completions load its whole API client, a second of work: only a TAB that finds no cache may cost that. They are
// those of the CLI that runs us, since a copy of our own would be a hundred packages more to install.
const completion = (name: 'AppCompletion' | 'AppDynoCompletion' | 'ProcessTypeCompletion' | 'RemoteCompletion') => ({
  async options(context: Context): Promise<string[]> {
    const theirs = createRequire(join(context.config.root, 'package.json')).resolve('@heroku-cli/command/lib/completions.js')
    const real: typeof import('@heroku-cli/command/lib/completions.js') = await import(pathToFileURL(theirs).href)
    return real[name].options(context as never)
  },
})

const completions = {
  app: completion('AppCompletion'),
  // The key is the CLI's own, so that both share one cache.
  dyno: {...completion('AppDynoCompletion'), cacheKey: async ({flags}: Context) => (flags?.app ? `${flags.app}_dynos` : '')},
  'process-type': completion('ProcessTypeCompletion'),
  remote: completion('RemoteCompletion'),
}

function oclifFlag(flag: DeclaredFlag, appIs: DeclaredCommand['app']): FlagInput[string] {
  const shown = {
    aliases: flag.aliases,
    description: flag.summary,
    hidden: flag.hidden,
    ...(flag.char && {char: flag.char as 'a'}),
    ...(flag.group && {helpGroup: flag.group}),
  }
  if (flag.type === 'boolean') return Flags.boolean(shown)

  const option = {
    ...shown,
    ...(flag.value && {helpValue: flag.value}),
    ...(flag.options && {options: flag.options}),
    ...(flag.complete && {completion: completions[flag.complete]}),
  }
  if (flag.complete === 'remote') return remote(option)
  // noCacheDefault: the manifest must not hold the app of the directory it was built in. Not required: several apps may be
  // named in its place.
  if (flag.complete === 'app' && appIs === 'resolve') return app({...option, noCacheDefault: true})
  if (flag.complete === 'app') return typedOnly(app(option))
  return flag.multiple ? Flags.string({...option, multiple: true}) : Flags.string(option)
}

/** Takes from an app flag all that finds an app nobody typed; help no longer promises HEROKU_APP or a git remote. */
export function typedOnly({default: _, defaultHelp: __, env: ___, ...flag}: FlagInput[string] & Record<string, unknown>) {
  return {...flag, required: false} as FlagInput[string]
}

export const oclifFlags = (command: DeclaredCommand): FlagInput =>
  Object.fromEntries(command.flags.map(flag => [flag.name, oclifFlag(flag, command.app)]))
