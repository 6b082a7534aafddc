// Owns: where the binary is, and what to do when it is nowhere.
import {accessSync, constants, existsSync, readFileSync, statSync} from 'node:fs'
import {createRequire} from 'node:module'
import {dirname, join, resolve} from 'node:path'
import platforms from '../platforms.json' with {type: 'json'}

const NAME = 'heroku-dynos-autorestart'

/** A platform package is published for each of these; npm installs the one that fits. */
export const PLATFORMS = Object.keys(platforms)

/** Its message says what to do; no stack belongs to it. */
export class BinaryMissing extends Error {}

export interface Place {
  /** The folder of our package.json. */
  root: string
  version: string
  /** As `process.platform` and `process.arch`. */
  platform: string
  arch: string
  /** AUTORESTART_BINARY */
  override: string | undefined
}

/** First that there is: AUTORESTART_BINARY, the platform package of our very version, a build in a source checkout. */
export function findBinary({arch, override, platform, root, version}: Place): string {
  if (override) {
    // Not a name that is looked for along PATH.
    const named = resolve(override)
    const wrong = problem(named)
    if (!wrong) return named
    throw new BinaryMissing(`AUTORESTART_BINARY is set to ${override}, ${wrong}`)
  }

  const here = `${platform}-${arch}`
  const executable = platform === 'win32' ? 'autorestart.exe' : 'autorestart'
  const found = manifestPath(root, here)
  if (found) {
    const installed = JSON.parse(readFileSync(found, 'utf8')).version
    const binary = join(dirname(found), 'bin', executable)
    if (installed !== version)
      throw new BinaryMissing(`${NAME}-${here} is version ${installed}, but ${NAME} is ${version}\n${REINSTALL}`)
    if (existsSync(binary)) return binary
    throw new BinaryMissing(`${NAME}-${here} is installed without its bin/${executable}\n${REINSTALL}`)
  }

  const isCheckout = existsSync(join(root, 'Cargo.toml'))
  const built = ['release', 'debug'].map(profile => join(root, 'target', profile, executable)).find(path => existsSync(path))
  if (isCheckout && built) return built
  if (isCheckout) throw new BinaryMissing('this is a source checkout without a build\nRun "cargo build --release" in it.')

  const others = PLATFORMS.filter(other => manifestPath(root, other))
  if (others.length > 0)
    throw new BinaryMissing(
      `the binary installed here is for ${others.join(', ')}, but this machine is ${here}\n` +
        `The plugin was probably installed elsewhere and copied over, or Node.js is built for another architecture.\n${REINSTALL}`,
    )
  if (PLATFORMS.includes(here))
    throw new BinaryMissing(
      `${NAME}-${here}, the package that holds the binary, is not installed\n` +
        'It is an optional dependency. npm was told to leave those out (take optional=false out of .npmrc first), its download broke ' +
        `off, or a mirror of the registry does not have it yet. To install or update alone does not bring it.\n${REINSTALL}`,
    )
  throw new BinaryMissing(
    `there is no binary for ${here}\nPlatforms: ${PLATFORMS.join(', ')}. ` +
      'Build one from source with "cargo build --release" and name it in AUTORESTART_BINARY.',
  )
}

/** Why a file cannot be run, where that can be seen. */
function problem(path: string): string | undefined {
  const found = statSync(path, {throwIfNoEntry: false})
  if (!found) return 'and there is no such file'
  if (!found.isFile()) return 'which is no file'
  try {
    accessSync(path, constants.X_OK)
    return undefined
  } catch {
    return 'which this user may not run'
  }
}

const REINSTALL = `Install it again on this machine: heroku plugins:uninstall ${NAME} && heroku plugins:install ${NAME}`

function manifestPath(root: string, platform: string): string | undefined {
  try {
    return createRequire(join(root, 'package.json')).resolve(`${NAME}-${platform}/package.json`)
  } catch {
    return undefined
  }
}
