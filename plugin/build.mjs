// Owns: plugin/dist and oclif.manifest.json.
//
// One bundle, because every start of a command pays for what is imported: of @heroku-cli/command only the finding of
// apps and logins goes in, and not the API client with its prompts and crash reports (about a second of work).
import {Plugin} from '@oclif/core'
import {build} from 'esbuild'
import {createHash} from 'node:crypto'
import {readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = `${root}plugin/dist`

const cliCode = {
  name: 'only what is used of the CLI',
  setup({onLoad, onResolve, resolve}) {
    // Reports a locked keyring to Heroku's Sentry and waits up to two seconds for it. Our runs do not.
    onLoad({filter: /cli-command-telemetry\.js$/}, () => ({contents: 'export async function reportCredentialStoreError() {}'}))
    // Netrc is read with execa for the sake of a .netrc.gpg; a quarter of the bundle can wait until there is one.
    onResolve({filter: /^execa$/}, ({importer, kind}) =>
      kind === 'dynamic-import' || !importer.includes('netrc-parser') ? undefined : {namespace: 'lazy', path: 'execa'})
    onLoad({filter: /./, namespace: 'lazy'}, () => ({
      contents: "export const execa = async (...command) => (await import('execa')).execa(...command); export const execaSync = undefined",
      resolveDir: root,
    }))
    // The package does not say that its modules only define things, so esbuild would keep each import of each.
    onResolve({filter: /./}, async ({importer, kind, path, pluginData, resolveDir}) => {
      if (pluginData === cliCode || !importer.includes('@heroku-cli')) return
      const resolved = await resolve(path, {importer, kind, pluginData: cliCode, resolveDir})
      return {...resolved, sideEffects: false}
    })
  },
}

rmSync(dist, {force: true, recursive: true})
const {metafile} = await build({
  absWorkingDir: root,
  // oclif is CommonJS and asks for its own package.json
  banner: {
    js: [
      "import {createRequire as requireFrom} from 'node:module'",
      "import {dirname as dirOf} from 'node:path'",
      "import {fileURLToPath as pathOf} from 'node:url'",
      'const require = requireFrom(import.meta.url), __filename = pathOf(import.meta.url), __dirname = dirOf(__filename)',
    ].join(';'),
  },
  bundle: true,
  entryPoints: ['plugin/src/index.ts'],
  // asked for by code that is never reached from here
  external: ['inquirer', 'open', 'typescript'],
  format: 'esm',
  logLevel: 'warning',
  metafile: true,
  outdir: 'plugin/dist',
  platform: 'node',
  plugins: [cliCode],
  splitting: true,
  target: 'node20',
})
const inside = bundled(Object.values(metafile.outputs))
writeFileSync(`${dist}/LICENSES.txt`, licenses(inside))
writeFileSync(`${dist}/plugin.cdx.json`, `${JSON.stringify(bill(inside), null, 2)}\n`)

// What `oclif manifest` does, without that tool's three hundred packages.
const manifestOptions = {errorOnManifestCreate: true, ignoreManifest: true, respectNoCacheDefault: true}
const plugin = new Plugin({...manifestOptions, name: 'heroku-dynos-autorestart', root, type: 'core'})
await plugin.load()
writeFileSync(`${root}oclif.manifest.json`, `${JSON.stringify(plugin.manifest, null, 2)}\n`)

/** The packages that are in the bundle. */
function bundled(outputs) {
  const folders = outputs
    .flatMap(({inputs}) => Object.entries(inputs))
    .filter(([, {bytesInOutput}]) => bytesInOutput > 0)
    .flatMap(([path]) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? [])
  return [...new Set(folders)].sort().map(folder => ({folder, ...JSON.parse(readFileSync(`${root}${folder}/package.json`, 'utf8'))}))
}

/** A bill of these materials, as CycloneDX has it. */
function bill(packages) {
  const components = packages.map(({license, name, version}) => ({
    type: 'library', name, version, purl: `pkg:npm/${name.replace('@', '%40')}@${version}`, licenses: [{expression: String(license)}],
  }))
  const {name, version} = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
  const metadata = {component: {type: 'application', name, version, purl: `pkg:npm/${name}@${version}`}}
  // A number that is told by what it numbers (UUID version 8), so that the same build has the same bytes.
  const digest = createHash('sha256').update(JSON.stringify([metadata, components])).digest('hex')
  const parts = [digest.slice(0, 8), digest.slice(8, 12), `8${digest.slice(13, 16)}`, `8${digest.slice(17, 20)}`, digest.slice(20, 32)]
  return {bomFormat: 'CycloneDX', specVersion: '1.5', serialNumber: `urn:uuid:${parts.join('-')}`, version: 1, metadata, components}
}

/** Their licences: they ask to travel with their code. */
function licenses(packages) {
  return packages.map(({folder, license, name, version}) => {
    const file = readdirSync(`${root}${folder}`).find(file => /^licen[cs]e/i.test(file))
    return `${name} ${version} (${license})\n\n${file ? readFileSync(`${root}${folder}/${file}`, 'utf8').trim() : ''}\n`
  }).join(`\n${'-'.repeat(72)}\n\n`)
}
