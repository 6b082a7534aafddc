// Owns: what is in each npm package, and that it is that and nothing else.
import {createHash} from 'node:crypto'
import {chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {output, root} from '../../tests/setup.mjs'
import {executable, platforms} from './binaries.mjs'
import {licensesOf, licensesOfRust} from './licenses.mjs'

const ours = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const {license, name, version} = ours
/** The binary for Heroku's dynos: packages for other machines have it too, for `deploy`. */
const FOR_DYNOS = 'linux-x64'

/** Of the manifest that lies in the checkout only what whoever installs the package needs. */
function mainManifest() {
  const {devDependencies: _, scripts: __, ...kept} = ours
  // The very same version, since the two halves speak to each other in no other way.
  return {...kept, optionalDependencies: Object.fromEntries(Object.keys(platforms).map(platform => [`${name}-${platform}`, version]))}
}

export async function packMain(out) {
  await packed(out, {
    manifest: mainManifest(),
    put: folder => {
      for (const path of ours.files) cpSync(join(root, path), join(folder, path), {recursive: true})
    },
  })
}

export async function packPlatform(out, platform, binary, forDynos) {
  const [os, cpu] = platform.split('-')
  const files = {[`bin/${executable(platform)}`]: binary}
  if (platform !== FOR_DYNOS && forDynos) files[`bin/autorestart-${FOR_DYNOS}`] = forDynos
  const [thirdParties, rusts] = [await licensesOf(platforms[platform].target), await licensesOfRust()]
  await packed(out, {
    manifest: {
      name: `${name}-${platform}`,
      version,
      description: `The binary of ${name} for ${platform}`,
      license,
      ...(ours.repository && {repository: ours.repository}),
      os: [os],
      cpu: [cpu],
      bin: {autorestart: `bin/${executable(platform)}`},
      // By which the plugin sees that a part of it is missing.
      binary: {bytes: statSync(binary).size},
      files: ['bin', 'RUST-LICENSES.html', 'THIRD-PARTY-LICENSES.txt'],
      preferUnplugged: true,
    },
    put: folder => {
      cpSync(join(root, 'LICENSE'), join(folder, 'LICENSE'))
      writeFileSync(join(folder, 'THIRD-PARTY-LICENSES.txt'), thirdParties)
      writeFileSync(join(folder, 'RUST-LICENSES.html'), rusts)
      writeFileSync(join(folder, 'README.md'), readme(platform))
      for (const [path, from] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, path)), {recursive: true})
        cpSync(from, join(folder, path))
        chmodSync(join(folder, path), 0o755)
      }
    },
  })
}

const readme = platform => `# ${name}-${platform}

The binary of ${name} for ${platform}, without which that package does nothing.
\`heroku plugins:install ${name}\` brings it; by itself it is \`autorestart\`, the same commands without the Heroku CLI.
`

/** Packs a folder with this manifest and what `put` puts there; fails where npm would run or leave out anything. */
async function packed(out, {manifest, put}) {
  const folder = mkdtempSync(join(tmpdir(), 'autorestart-pack-'))
  try {
    put(folder)
    writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
    // Whatever umask this is, the same bytes.
    for (const path of below(folder)) chmodSync(path, path.startsWith(join(folder, 'bin')) ? 0o755 : 0o644)
    if (manifest.scripts) throw new Error(`${manifest.name} has scripts`)
    const told = await output('npm', ['pack', '--json', '--ignore-scripts', '--loglevel', 'error', '--pack-destination', out], {cwd: folder})
    const there = below(folder)
    const [{files, size, unpackedSize}] = Object.values(JSON.parse(told))
    if (files.length !== there.length) throw new Error(`${manifest.name} has ${files.length} files, not ${there.length}: ${files.map(({path}) => path)}`)
    console.log(`${manifest.name}@${manifest.version}: ${files.length} files, ${mb(size)} packed, ${mb(unpackedSize)} unpacked`)
  } finally {
    rmSync(folder, {force: true, recursive: true})
  }
}

const below = folder => readdirSync(folder, {recursive: true, withFileTypes: true})
  .filter(entry => entry.isFile()).map(({name, parentPath}) => join(parentPath, name))

const mb = bytes => `${(bytes / 1e6).toFixed(2)} MB`

/** As `sha256sum` prints them. */
export function sums(out) {
  const files = readdirSync(out).filter(file => file.endsWith('.tgz')).sort()
  return files.map(file => `${createHash('sha256').update(readFileSync(join(out, file))).digest('hex')}  ${file}\n`).join('')
}
