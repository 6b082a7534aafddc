// Owns: the binary of each platform: how it is built, so that it comes out the same anywhere, and what it must be.
import {cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync} from 'node:fs'
import {homedir, tmpdir} from 'node:os'
import {delimiter, join, relative, sep} from 'node:path'
import {missing, output, root, withPython} from '../../tests/setup.mjs'
import {kindOf} from '../src/kind.mjs'

/** Platform, as npm names it, to what Rust calls it. */
export const platforms = JSON.parse(readFileSync(join(root, 'plugin/platforms.json'), 'utf8'))
const {version} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** Bytes: the goal for each binary. */
const LARGEST = 9_000_000
/** In which what ring has of C finds its compiler, whatever it is compiled for. */
const ZIG = ['ziglang==0.17.1', 'cargo-zigbuild==0.24.1']

export const executable = platform => (platform.startsWith('win32') ? 'autorestart.exe' : 'autorestart')
const isLinux = platform => platform.startsWith('linux')

/**
 * Builds the platform's binary, and resolves to its path; to nothing where this machine can only type-check it. `folder`: of
 * `source`, in which it is built.
 */
export async function build(platform, {env: more, folder = 'target', source = root} = {}) {
  const {target} = platforms[platform]
  // What links for Linux is everywhere; what links for macOS and Windows comes with these.
  const isBuiltHere = isLinux(platform) || platform.startsWith(process.platform)
  // MSVC's C compiler is nowhere but on Windows; what is checked is the same for both.
  const compiled = isBuiltHere ? target : target.replace('-msvc', '-gnu')
  const words = ['--locked', '--bin', 'autorestart', '--target', compiled, '--target-dir', join(source, folder)]
  await output('rustup', ['target', 'add', compiled])
  // Crates lie where they are named from, before they are given another name.
  await output('cargo', ['fetch', '--locked', '--target', compiled], {cwd: source})
  const cargo = (program, command, env) => output(program, [...command, ...words], {cwd: source, env: {...env, ...flags(platform, source), ...more}})
  if (isBuiltHere && !isLinux(platform)) await cargo('cargo', ['build', '--profile', 'dist'], process.env)
  else await withZig(env => cargo('cargo-zigbuild', isBuiltHere ? ['zigbuild', '--profile', 'dist'] : ['check'], env))
  return isBuiltHere ? join(source, folder, target, 'dist', executable(platform)) : undefined
}

/** Builds it once more, from nothing, of a copy of the checkout in another folder. */
export async function again(platform) {
  const elsewhere = mkdtempSync(join(tmpdir(), 'autorestart-again-'))
  process.once('exit', () => rmSync(elsewhere, {force: true, recursive: true}))
  const left = ['.git', 'node_modules', 'target']
  cpSync(root, elsewhere, {filter: path => !left.includes(relative(root, path).split(sep)[0]), recursive: true})
  return build(platform, {source: elsewhere})
}

/** Panics name source files: by names that say nothing of the machine that built them. */
function flags(platform, source) {
  const home = process.env['CARGO_HOME'] ?? join(homedir(), '.cargo')
  const registry = join(home, 'registry/src')
  const crates = existsSync(registry) ? readdirSync(registry).map(name => [join(registry, name), '/crates']) : []
  const unplaced = [[home, '/cargo'], ...crates, [source, '/autorestart']].map(([from, to]) => `--remap-path-prefix=${from}=${to}`)
  return {CARGO_ENCODED_RUSTFLAGS: [...unplaced, ...linking(platform, source)].join('\x1f')}
}

function linking(platform, source) {
  if (isLinux(platform)) {
    // The linker that comes with Rust, and so is the same everywhere. What is the same twice is kept once.
    const words = ['--icf=all', '--pack-dyn-relocs=relr', '--no-eh-frame-hdr', `--script=${join(source, 'plugin/pack/no-unwinding.ld')}`]
    return ['linker=rust-lld', 'linker-flavor=ld.lld', ...words.map(word => `link-arg=${word}`)].flatMap(flag => ['-C', flag])
  }

  // No redistributable of Visual C++ has to be installed first.
  return platform.startsWith('win32') ? ['-C', 'target-feature=+crt-static'] : []
}

function withZig(work) {
  return withPython('zig', ZIG, bin => work({...process.env, PATH: `${bin}${delimiter}${process.env['PATH']}`}))
}

/** Fails where the binary is not what this platform runs, needs more than its kernel on Linux, or is too large. */
export async function check(platform, path) {
  const bytes = readFileSync(path)
  const kind = kindOf(path)
  if (kind !== platform) throw new Error(`${path} is for ${kind}, not for ${platform}`)
  if (isLinux(platform) && needsLoader(bytes)) throw new Error(`${path} is not linked statically`)
  if (bytes.length > LARGEST) throw new Error(`${path} has ${bytes.length} bytes, and the goal is ${LARGEST}`)
  const told = [`${platform}: ${(bytes.length / 1e6).toFixed(2)} MB`, ...(isLinux(platform) ? ['static'] : [])]

  const emulator = platform === 'linux-arm64' && process.arch !== 'arm64' ? ['qemu-aarch64-static'] : []
  const isRunHere = platform === `${process.platform}-${process.arch}` || (process.platform === 'linux' && emulator.length > 0)
  if (isRunHere && missing(...emulator).length === 0) {
    const [program, ...args] = [...emulator, path, '--version']
    const said = (await output(program, args)).trim()
    if (said !== `autorestart ${version}`) throw new Error(`${path} says that it is ${said}, not ${version}`)
    told.push(`says ${said}${emulator.length > 0 ? ` under ${emulator[0]}` : ''}`)
  }

  console.log(told.join(', '))
}

/** Whether an ELF file names a loader (PT_INTERP): then it needs a libc of the machine. */
function needsLoader(bytes) {
  const [at, size, count] = [Number(bytes.readBigUInt64LE(32)), bytes.readUInt16LE(54), bytes.readUInt16LE(56)]
  return Array.from({length: count}, (_, index) => bytes.readUInt32LE(at + index * size)).includes(3)
}
