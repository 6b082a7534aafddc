// Owns: an npm registry on loopback that has the packages of a folder of tarballs, and no others.
//
//   node tests/registry.mjs target/npm      serves them until it is told to leave, and prints its address
import {createHash} from 'node:crypto'
import {once} from 'node:events'
import {readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {createServer} from 'node:http'
import {join} from 'node:path'
import {json} from 'node:stream/consumers'
import {fileURLToPath} from 'node:url'
import {manifestOf} from './setup.mjs'

/** Resolves to its address, what was asked of it, the tags of what was published, and what ends it. A tarball that is put into the folder later is there too. */
export async function registry(folder) {
  const [asked, tags] = [[], []]
  const server = createServer(async (request, response) => {
    asked.push(`${request.method} ${request.url}`)
    const path = decodeURIComponent(new URL(request.url, url).pathname).slice(1)
    try {
      if (path.startsWith('-/tarballs/')) return response.end(readFileSync(join(folder, path.slice('-/tarballs/'.length))))
      if (request.method === 'PUT') return response.writeHead(await take(request, folder, tags)).end('{}')
      const found = (await manifests(folder)).filter(({manifest}) => manifest.name === path)
      if (found.length === 0) return response.writeHead(404, {'Content-Type': 'application/json'}).end('{"error":"Not found"}')
      response.writeHead(200, {'Content-Type': 'application/json'}).end(JSON.stringify(packument(path, found, url)))
    } catch (error) {
      response.writeHead(500).end(String(error))
    }
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${server.address().port}`
  return {asked, close: () => server.close(), tags, url}
}

/** Takes what `npm publish` sends, unless that version is there; resolves to the answer's status. */
async function take(request, folder, tags) {
  const {_attachments, 'dist-tags': tagged, name, versions} = await json(request)
  const [version] = Object.keys(versions)
  const there = (await manifests(folder)).some(({manifest}) => manifest.name === name && manifest.version === version)
  if (there) return 403
  const [{data}] = Object.values(_attachments)
  writeFileSync(join(folder, `${name}-${version}.tgz`), data, 'base64')
  for (const tag of Object.keys(tagged)) tags.push({name, tag, version})
  return 201
}

async function manifests(folder) {
  const files = readdirSync(folder).filter(file => file.endsWith('.tgz'))
  return Promise.all(files.map(async file => ({
    file,
    integrity: `sha512-${createHash('sha512').update(readFileSync(join(folder, file))).digest('base64')}`,
    manifest: await manifestOf(join(folder, file)),
  })))
}

/** What `npm view` and `npm install` read of a package; the latest is the finished one whose version is the greatest. */
function packument(name, found, url) {
  const sorted = found.toSorted((a, b) => a.manifest.version.localeCompare(b.manifest.version, 'en', {numeric: true}))
  return {
    name,
    'dist-tags': {latest: (sorted.findLast(({manifest}) => !manifest.version.includes('-')) ?? sorted.at(-1)).manifest.version},
    versions: Object.fromEntries(sorted.map(({file, integrity, manifest}) =>
      [manifest.version, {...manifest, dist: {integrity, tarball: `${url}/-/tarballs/${file}`}}])),
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const {url} = await registry(process.argv[2])
  console.log(`HEROKU_NPM_REGISTRY=${url}`)
}
