// Owns: which binary is run, and what is said when there is none.
import {chmodSync, mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeEach, describe, expect, it} from 'vitest'
import {BinaryMissing, findBinary, type Place} from '../src/binary.ts'
import {script, temporary} from './stub.ts'

let root: string
const find = (place: Partial<Place> = {}) =>
  findBinary({arch: 'x64', override: undefined, platform: 'linux', root, version: '1.2.3', ...place})

/** What the error says; fails where there is none. */
function missing(place: Partial<Place> = {}): string {
  try {
    return `found ${find(place)}`
  } catch (error) {
    expect(error).toBeInstanceOf(BinaryMissing)
    const {hint, message} = error as BinaryMissing
    return hint ? `${message}\n${hint}` : message
  }
}

function platformPackage(platform: string, version = '1.2.3', executable = 'autorestart'): string {
  const folder = join(root, 'node_modules', `heroku-dynos-autorestart-${platform}`)
  mkdirSync(folder, {recursive: true})
  writeFileSync(join(folder, 'package.json'), JSON.stringify({version}))
  return script(join(folder, 'bin', executable), '')
}

beforeEach(() => {
  root = temporary()
})

describe('the binary', () => {
  it('is the one of AUTORESTART_BINARY, before all others', () => {
    platformPackage('linux-x64')
    const mine = script(join(root, 'mine'), '')
    expect(find({override: mine})).toBe(mine)
  })

  it('is that of the platform package, before a build', () => {
    writeFileSync(join(root, 'Cargo.toml'), '')
    script(join(root, 'target/release/autorestart'), '')
    expect(find()).toBe(join(root, 'target/release/autorestart'))
    const linux = platformPackage('linux-x64')
    expect(find()).toBe(linux)
    const windows = platformPackage('win32-x64', '1.2.3', 'autorestart.exe')
    expect(find({platform: 'win32'})).toBe(windows)
  })

  it('is a build only in a source checkout, release before debug', () => {
    const debug = script(join(root, 'target/debug/autorestart'), '')
    expect(missing()).toContain('is not installed')
    writeFileSync(join(root, 'Cargo.toml'), '')
    expect(find()).toBe(debug)
    const release = script(join(root, 'target/release/autorestart'), '')
    expect(find()).toBe(release)
  })
})

describe('the message', () => {
  it('says that AUTORESTART_BINARY names no file, and looks no further', () => {
    platformPackage('linux-x64')
    expect(missing({override: '/no/such/file'})).toBe('AUTORESTART_BINARY is set to /no/such/file, and there is no such file')
    expect(missing({override: root})).toBe(`AUTORESTART_BINARY is set to ${root}, which is no file`)
    writeFileSync(join(root, 'text'), '')
    expect(missing({override: join(root, 'text')})).toMatch(/text, which this user may not run$/)
  })

  it('says that packages of another platform are there', () => {
    platformPackage('darwin-arm64')
    const message = missing()
    expect(message).toMatch(/^the binary installed here is for darwin-arm64, but this machine is linux-x64\n/)
    expect(message).toContain('heroku plugins:install heroku-dynos-autorestart')
  })

  it('says that optional packages were left out', () => {
    const message = missing()
    expect(message).toMatch(/^heroku-dynos-autorestart-linux-x64, .*, is not installed\n/)
    expect(message).toContain('optional=false')
    expect(message).toContain('heroku plugins:install heroku-dynos-autorestart')
  })

  it('says that there is no binary for a platform', () => {
    expect(missing({arch: 'mips', platform: 'sunos'})).toMatch(/^there is no binary for sunos-mips\n/)
  })

  it('says that the versions differ', () => {
    platformPackage('linux-x64', '1.2.4')
    expect(missing()).toMatch(/^heroku-dynos-autorestart-linux-x64 is version 1\.2\.4, but heroku-dynos-autorestart is 1\.2\.3\n/)
  })

  const elf = (machine: number) => Buffer.concat([Buffer.from('\x7fELF', 'latin1'), Buffer.alloc(14), Buffer.from([machine, 0]), Buffer.alloc(64)])
  const put = (path: string, bytes: Buffer | string) => {
    writeFileSync(path, bytes)
    chmodSync(path, 0o755)
    return path
  }

  it.each([
    ['nothing', '', 'which is empty'],
    ['noise', '\0\x01\x02'.repeat(500), 'which is no program'],
    ['text', 'echo hello\n', 'which is no program'],
    ['a program for another machine', elf(0xb7), 'which is a program for linux-arm64, and this machine is linux-x64'],
  ])('says that there is %s where the binary should be, and no shell is given it', (_, bytes, says) => {
    const ours = put(platformPackage('linux-x64'), bytes)
    expect(missing()).toContain(`heroku-dynos-autorestart-linux-x64 is damaged: there is ${ours}, ${says}\nInstall it again`)
    const mine = put(join(root, 'mine'), bytes)
    expect(missing({override: mine})).toBe(`AUTORESTART_BINARY is set to ${mine}, ${says}`)
    expect(find({override: put(mine, elf(0x3e))})).toBe(mine)
    // Of a platform that has no package, or by its system's own means.
    expect(find({override: put(mine, elf(0x3e)), platform: 'freebsd'})).toBe(mine)
    expect(find({arch: 'riscv64', override: put(mine, elf(0xf3))})).toBe(mine)
    expect(find({arch: 'arm64', override: put(mine, Buffer.from('cafebabe'.padEnd(200, '0'), 'hex')), platform: 'darwin'})).toBe(mine)
  })

  it('says that a part of the binary is missing', () => {
    const ours = put(platformPackage('linux-x64'), elf(0x3e))
    const manifest = join(root, 'node_modules/heroku-dynos-autorestart-linux-x64/package.json')
    writeFileSync(manifest, JSON.stringify({version: '1.2.3', binary: {bytes: 84}}))
    expect(find()).toBe(ours)
    writeFileSync(manifest, JSON.stringify({version: '1.2.3', binary: {bytes: 8_000_000}}))
    expect(missing()).toContain(`${ours}, which has 84 bytes, and must have 8000000\nInstall it again`)
    writeFileSync(manifest, '{')
    expect(missing()).toContain('linux-x64 is damaged: its package.json cannot be read\nInstall it again')
  })

  it('says how to build in a source checkout', () => {
    writeFileSync(join(root, 'Cargo.toml'), '')
    expect(missing()).toContain('cargo build --release')
  })
})
