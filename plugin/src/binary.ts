// Owns: where the binary is, and what to do when it is nowhere.
import {accessSync, constants, existsSync, readFileSync, statSync} from 'node:fs'
import {createRequire} from 'node:module'
import {dirname, join, resolve} from 'node:path'
import platforms from '../platforms.json' with {type: 'json'}
import {kindOf} from './kind.mjs'

const NAME = 'heroku-dynos-autorestart'

/** A platform package is published for each of these; npm installs the one that fits. */
export const PLATFORMS = Object.keys(platforms)

/** No binary can be run, and what to do about it; no stack belongs to it. */
export class BinaryMissing extends Error {
  readonly hint: string | undefined

  constructor(message: string, hint?: string) {
    super(message)
    this.hint = hint
  }
}

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
    const wrong = problem(named, `${platform}-${arch}`)
    if (!wrong) return named
    throw new BinaryMissing(`AUTORESTART_BINARY is set to ${override}, ${wrong}`)
  }

  const here = `${platform}-${arch}`
  const executable = platform === 'win32' ? 'autorestart.exe' : 'autorestart'
  const found = manifest(root, here)
  if (found) {
    const binary = join(found.folder, 'bin', executable)
    if (found.version !== version)
      throw new BinaryMissing(`${NAME}-${here} is version ${found.version}, but ${NAME} is ${version}`, REINSTALL)
    if (!existsSync(binary)) throw new BinaryMissing(`${NAME}-${here} is installed without its bin/${executable}`, REINSTALL)
    const bytes = statSync(binary).size
    const wrong = found.bytes === undefined || found.bytes === bytes ? problem(binary, here) : `which has ${bytes} bytes, and must have ${found.bytes}`
    if (!wrong) return binary
    throw new BinaryMissing(`${NAME}-${here} is damaged: there is ${binary}, ${wrong}`, REINSTALL)
  }

  const isCheckout = existsSync(join(root, 'Cargo.toml'))
  const built = ['release', 'debug'].map(profile => join(root, 'target', profile, executable)).find(path => existsSync(path))
  if (isCheckout && built) return built
  if (isCheckout) throw new BinaryMissing('this is a source checkout without a build', 'Run "cargo build --release" in it.')

  const others = PLATFORMS.filter(other => manifest(root, other))
  if (others.length > 0)
    throw new BinaryMissing(
      `the binary installed here is for ${others.join(', ')}, but this machine is ${here}`,
      `The plugin was probably installed elsewhere and copied over, or Node.js is built for another architecture.\n${REINSTALL}`,
    )
  if (PLATFORMS.includes(here))
    throw new BinaryMissing(
      `${NAME}-${here}, the package that holds the binary, is not installed`,
      'It is an optional dependency. npm was told to leave those out (take optional=false out of .npmrc first), its download broke ' +
        `off, or a mirror of the registry does not have it yet.\n${REINSTALL}`,
    )
  throw new BinaryMissing(
    `there is no binary for ${here}`,
    `Platforms: ${PLATFORMS.join(', ')}. ` +
      'Build one from source with "cargo build --release" and name it in AUTORESTART_BINARY.',
  )
}

/** Why a file cannot be run, where that can be seen. */
function problem(path: string, here: string): string | undefined {
  const found = statSync(path, {throwIfNoEntry: false})
  if (!found) return 'and there is no such file'
  if (!found.isFile()) return 'which is no file'
  try {
    accessSync(path, constants.R_OK | constants.X_OK)
  } catch {
    return 'which this user may not run'
  }

  if (found.size === 0) return 'which is empty'
  // What the system does not know as a program, a shell would be given as a script. What it makes of a program that none of
  // ours is, or runs in place of another, is left to it.
  const kind = kindOf(path)
  if (!kind) return 'which is no program'
  const [[os, arch], [ourOs, ourArch]] = [kind.split('-'), here.split('-')]
  const isStrange = PLATFORMS.includes(kind) && PLATFORMS.includes(here) && (os !== ourOs || (os === 'linux' && arch !== ourArch))
  return isStrange ? `which is a program for ${kind}, and this machine is ${here}` : undefined
}

export const REINSTALL = `Install it again on this machine: heroku plugins:uninstall ${NAME} && heroku plugins:install ${NAME}`

/** Of a platform package that is installed. */
function manifest(root: string, platform: string): {bytes: number | undefined; folder: string; version: string} | undefined {
  const name = `${NAME}-${platform}`
  try {
    const path = createRequire(join(root, 'package.json')).resolve(`${name}/package.json`)
    const {binary, version} = JSON.parse(readFileSync(path, 'utf8'))
    return {bytes: binary?.bytes, folder: dirname(path), version}
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined
    throw new BinaryMissing(`${name} is damaged: its package.json cannot be read`, REINSTALL)
  }
}
