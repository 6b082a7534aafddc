// Owns: one declared command as oclif knows commands, and the story of a run: app, credential, binary, child, exit code.
import * as Args from '@oclif/core/args'
import type {Command} from '@oclif/core/command'
import {error} from '@oclif/core/errors'
import {appEnvironment} from './app.ts'
import {BinaryMissing, findBinary, REINSTALL} from './binary.ts'
import {Crashed, runChild} from './child.ts'
import {credentialEnvironment} from './credential.ts'
import {type DeclaredCommand, packageRoot, version} from './declared.ts'
import {oclifFlags} from './flags.ts'

/**
 * No subclass of the Heroku `Command`, which adds --prompt and the whole API client to every start, nor of oclif's, which
 * brings a second copy of oclif's plugin loader. To oclif a command is what has these members and a `run`.
 */
export function commandClass(declared: DeclaredCommand): Command.Class {
  const flags = oclifFlags(declared)
  const command = {
    args: Object.fromEntries(
      declared.args.map(({name, required, summary}) => [name, Args.string({description: summary, required})]),
    ),
    description: declared.description,
    examples: declared.examples,
    flags,
    run: (argv: string[], config: Command['config']) => run(declared, flags, argv, config),
    strict: true,
    summary: declared.summary,
  }
  return command as unknown as Command.Class
}

async function run(declared: DeclaredCommand, flags: Command.Class['flags'], argv: string[], config: Command['config']) {
  const binary = locateBinary(argv)
  const env = {
    ...withoutOurs(process.env),
    ...(declared.app === 'resolve' && (await appEnvironment(flags, argv))),
    ...(await credentialEnvironment(config.dataDir)),
    AUTORESTART_CLI_DATA_DIR: config.dataDir,
    AUTORESTART_CLI_PID: String(process.pid),
    AUTORESTART_CLI_VERSION: config.version,
  }
  const words = declared.id.split(' ').filter(Boolean)
  const hint = process.env['AUTORESTART_BINARY'] ? 'AUTORESTART_BINARY names it.' : REINSTALL
  // Set, not thrown: the CLI tells its telemetry of every thrown exit as of a crash, whatever the code.
  process.exitCode = await runChild(binary, [...words, ...argv], env).catch((failure: NodeJS.ErrnoException | Crashed) =>
    failure instanceof Crashed
      ? fail(argv, {code: 'binary_crashed', exit: failure.exit, hint, message: `${binary}: ${failure.message}`})
      : fail(argv, {code: 'binary_not_started', hint, message: `${binary} could not be started (${failure.code})`}),
  )
}

function locateBinary(argv: readonly string[]): string {
  const {arch, env, platform} = process
  try {
    return findBinary({arch, override: env['AUTORESTART_BINARY'], platform, root: packageRoot, version})
  } catch (missing) {
    if (!(missing instanceof BinaryMissing)) throw missing
    return fail(argv, {code: 'binary_missing', hint: missing.hint, message: missing.message})
  }
}

interface Failure {
  code: string
  exit?: number
  hint: string | undefined
  message: string
}

/** Ends the command; scripts get the document that they read, in the binary's form. */
function fail(argv: readonly string[], {code, exit = 1, hint, message}: Failure): never {
  if (argv.includes('--json')) console.log(JSON.stringify({error: {code, hint: hint ?? null, id: null, message}}))
  return error(hint ? `${message}\n${hint}` : message, {exit})
}

/** An outer run's app or token must not reach an inner one that has none. */
const withoutOurs = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('AUTORESTART_CLI_')))
