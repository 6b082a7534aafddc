// Owns: for which platform a program is, by its first bytes. Plain JavaScript, since `npm run pack` asks it as well.
import {closeSync, openSync, readSync} from 'node:fs'

/** Bytes: where the header of any of them has what is asked for. */
const HEAD = 4096

/**
 * As npm names it: `linux-x64`; `script` where its first line names who runs it, `other` where it is a program that none of
 * ours is; `undefined` where it is none.
 *
 * @param {string} path
 * @returns {string | undefined}
 */
export function kindOf(path) {
  const bytes = head(path)
  const magic = bytes.subarray(0, 4).toString('latin1')
  if (magic.startsWith('#!')) return 'script'
  if (bytes.length < 64) return undefined
  if (magic === '\x7fELF') return /** @type {Record<number, string>} */ ({0x3e: 'linux-x64', 0xb7: 'linux-arm64'})[bytes.readUInt16LE(18)] ?? 'other'
  if (magic === '\xcf\xfa\xed\xfe')
    return /** @type {Record<number, string>} */ ({0x01000007: 'darwin-x64', 0x0100000c: 'darwin-arm64'})[bytes.readUInt32LE(4)] ?? 'other'
  // For several processors.
  if (magic === '\xca\xfe\xba\xbe') return 'other'
  const header = magic.startsWith('MZ') ? bytes.readUInt32LE(0x3c) : bytes.length
  const isWindows = bytes.subarray(header, header + 4).toString('latin1') === 'PE\0\0'
  if (!isWindows) return undefined
  return bytes.readUInt16LE(header + 4) === 0x8664 ? 'win32-x64' : 'other'
}

/** @param {string} path */
function head(path) {
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(HEAD)
    return bytes.subarray(0, readSync(file, bytes, 0, HEAD, 0))
  } finally {
    closeSync(file)
  }
}
