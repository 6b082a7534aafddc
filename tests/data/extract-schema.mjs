// Owns tests/data/heroku-schema.json: the part of Heroku's published hyper-schema
// (version 3.sdk) that the sandbox serves, as plain JSON Schema (draft 4) without
// `$ref`, so that the tests can hold the sandbox's answers to it.
// Does not own: the published schema itself (680 kB, not in this repository).
//
//   node tests/data/extract-schema.mjs PATH > tests/data/heroku-schema.json
//   node tests/data/extract-schema.mjs --check PATH    exit 1 when the file is stale
//
// The result: {resources: name -> schema of ONE object, requests: "METHOD /path" ->
// schema of the body, links: every published "METHOD /path" of those resources}.
// - `strictProperties`, a keyword of interagent's own that validators ignore, becomes
//   "all properties required, no others".
// - `patternProperties` + `additionalProperties: false` (config vars) becomes
//   `additionalProperties: SCHEMA`: the rule for the names is lost, the values are held.
// - `type` is a string when there is one type, else an array.

import {existsSync, readFileSync} from 'node:fs'

const OUTPUT = new URL('heroku-schema.json', import.meta.url)

/** The name in the result -> the published definition. An `add-on` answer is a list of these. */
const RESOURCES = {
  account: 'account',
  'add-on': 'add-on',
  app: 'app',
  build: 'build',
  'app-feature': 'app-feature',
  collaborator: 'collaborator',
  'config-vars': 'config-var/definitions/config_vars',
  dyno: 'dyno',
  'dyno-size': 'dyno-size',
  formation: 'formation',
  'log-session': 'log-session',
  'oauth-authorization': 'oauth-authorization',
  pipeline: 'pipeline',
  'pipeline-coupling': 'pipeline-coupling',
  'rate-limit': 'rate-limit',
  release: 'release',
  slug: 'slug',
  team: 'team',
  'team-app': 'team-app',
  'team-member': 'team-member',
}

const REQUESTS = [
  'PATCH /apps/{app}',
  'PATCH /apps/{app}/config-vars',
  'PATCH /apps/{app}/features/{feature}',
  'PATCH /apps/{app}/formation',
  'PATCH /apps/{app}/formation/{formation}',
  'POST /apps',
  'POST /apps/{app}/addons',
  'POST /apps/{app}/builds',
  'POST /apps/{app}/log-sessions',
  'POST /apps/{app}/releases',
  'POST /apps/{app}/slugs',
  'POST /oauth/authorizations',
  'POST /teams/apps',
]

const AS_IS = ['required', 'enum', 'pattern', 'format', 'minimum', 'maximum', 'minLength', 'maxLength']
/** Says nothing about validity, or (the last line) more than the tests need. */
const DROPPED = [
  '$schema', 'title', 'description', 'example', 'default', 'stability', 'readOnly', 'readonly', 'deprecated',
  'definitions', 'links', 'optional', 'identity',
  'minItems', 'maxItems', 'uniqueItems',
]

function extract(published) {
  const links = publishedLinks(published, Object.values(RESOURCES).map(path => path.split('/')[0]))
  const resources = mapValues(RESOURCES, path => plain(published, {$ref: `#/definitions/${path}`}))
  const requests = Object.fromEntries(REQUESTS.map(key => {
    const schema = links.get(key)?.schema
    if (!schema) throw new Error(`${key}: not a published link with a request schema`)
    return [key, plain(published, schema)]
  }))
  return {resources, requests, links: [...links.keys()].sort(byPath)}
}

/** One schema without `$ref` and without the keywords nobody validates by. */
function plain(published, schema, refs = []) {
  if (schema.$ref) {
    if (refs.includes(schema.$ref)) throw new Error(`${schema.$ref} contains itself`)
    return plain(published, resolve(published, schema.$ref), [...refs, schema.$ref])
  }

  const inner = child => plain(published, child, refs)
  const result = {}
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === 'type') result.type = Array.isArray(value) && value.length === 1 ? value[0] : value
    else if (keyword === 'properties') result.properties = mapValues(value, inner)
    else if (keyword === 'items') result.items = inner(value)
    else if (keyword === 'anyOf' || keyword === 'oneOf') result[keyword] = value.map(inner)
    else if (AS_IS.includes(keyword)) result[keyword] = value
    else if (!['strictProperties', 'additionalProperties', 'patternProperties', ...DROPPED].includes(keyword)) {
      throw new Error(`${refs.at(-1)}: the keyword "${keyword}" is new here: keep or drop it`)
    }
  }

  if (schema.strictProperties && schema.properties) {
    result.required = Object.keys(schema.properties)
    result.additionalProperties = false
  } else if (schema.additionalProperties === false) {
    const values = Object.values(schema.patternProperties ?? {})
    if (values.length > 1) throw new Error(`${refs.at(-1)}: more than one pattern in patternProperties`)
    result.additionalProperties = values.length === 1 ? inner(values[0]) : false
  }

  return result
}

/** "METHOD /path" -> link. A placeholder is named after its resource: {app}, {dyno}, {feature}. */
function publishedLinks(published, definitions) {
  const links = new Map()
  for (const link of definitions.flatMap(name => resolve(published, `#/definitions/${name}`).links)) {
    const path = link.href.replaceAll(/\{\(([^)]+)\)\}/g, (_, ref) => {
      const [, , resource, , part] = decodeURIComponent(ref).split('/')
      return `{${['identity', 'id'].includes(part) ? resource.replace(/^app-/, '') : part}}`
    })
    // A release of a slug comes before a rollback, which has the same path.
    if (!links.has(`${link.method} ${path}`)) links.set(`${link.method} ${path}`, link)
  }

  return links
}

function resolve(published, ref) {
  const found = ref.replace('#/', '').split('/').reduce((at, key) => at?.[key], published)
  if (!found) throw new Error(`${ref}: not in the published schema`)
  return found
}

function mapValues(object, change) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]))
}

function byPath(a, b) {
  const key = link => link.split(' ').reverse().join(' ')
  return key(a) < key(b) ? -1 : 1
}

/** A line for each resource, request and link: small, and a drift shows as one line. */
function render({resources, requests, links}) {
  const lines = object => Object.entries(object).map(([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`)
  const sections = [
    ` "resources": {\n${lines(resources).join(',\n')}\n }`,
    ` "requests": {\n${lines(requests).join(',\n')}\n }`,
    ` "links": [\n${links.map(link => `  ${JSON.stringify(link)}`).join(',\n')}\n ]`,
  ]
  return `{\n${sections.join(',\n')}\n}\n`
}

const args = process.argv.slice(2)
const isCheck = args.includes('--check')
const [path, ...rest] = args.filter(arg => arg !== '--check')

if (!path || rest.length > 0) {
  console.error('usage: node tests/data/extract-schema.mjs [--check] PATH-OF-THE-PUBLISHED-SCHEMA')
  process.exitCode = 2
} else if (isCheck && !existsSync(path)) {
  console.log(`SKIPPED: no published schema at ${path}`)
} else {
  const fresh = render(extract(JSON.parse(readFileSync(path, 'utf8'))))
  if (!isCheck) {
    process.stdout.write(fresh)
  } else if (existsSync(OUTPUT) && readFileSync(OUTPUT, 'utf8') === fresh) {
    console.log('tests/data/heroku-schema.json is up to date')
  } else {
    console.error(`tests/data/heroku-schema.json has drifted: node tests/data/extract-schema.mjs ${path} > tests/data/heroku-schema.json`)
    process.exitCode = 1
  }
}
