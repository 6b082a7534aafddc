// Owns: what must be true of a checkout that is released as TAG: node plugin/pack/notes.mjs TAG
//
// The tag, package.json, Cargo.toml and the changelog tell the same version; prints what the changelog says of it.
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {root, toTheEnd} from '../../tests/setup.mjs'

const text = path => readFileSync(join(process.env['AUTORESTART_CHECKOUT'] ?? root, path), 'utf8')

function notes(tag) {
  const version = /^v(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)$/.exec(tag ?? '')?.[1]
  if (!version) throw new Error(`${tag ?? 'nothing'} is no tag of a release: v1.2.3`)
  const told = {
    'package.json': JSON.parse(text('package.json')).version,
    'package-lock.json': JSON.parse(text('package-lock.json')).version,
    'Cargo.toml': /^version = "(.*)"$/m.exec(text('Cargo.toml'))?.[1],
    'Cargo.lock': /^name = "heroku-dynos-autorestart"\nversion = "(.*)"$/m.exec(text('Cargo.lock'))?.[1],
  }
  const others = Object.entries(told).filter(([, said]) => said !== version)
  if (others.length > 0) throw new Error(`${tag}, but ${others.map(([file, said]) => `${file} says ${said}`).join(', ')}`)
  const sections = text('CHANGELOG.md').split(/^(?=## )/m)
  const section = sections.find(part => part.startsWith(`## [${version}] - `))
  if (!section || !/^## \[.*\] - \d{4}-\d\d-\d\d$/m.test(section)) throw new Error(`CHANGELOG.md has no "## [${version}] - YYYY-MM-DD"`)
  const body = section.replace(/^.*\n/, '').trim()
  if (!body) throw new Error(`CHANGELOG.md says nothing of ${version}`)
  const unreleased = sections.find(part => /^## \[?Unreleased/.test(part))?.replace(/^.*\n/, '').trim()
  if (unreleased) throw new Error(`CHANGELOG.md has something under Unreleased that ${tag} would not tell of`)
  // npm refuses the provenance of a package that names another repository, or none, once everything is built.
  const ours = process.env['GITHUB_REPOSITORY']
  const {repository} = JSON.parse(text('package.json'))
  const named = /github\.com[/:](.+?)(\.git)?$/.exec(repository?.url ?? repository ?? '')?.[1]
  if (ours && named !== ours) throw new Error(`package.json names the repository ${named ?? 'nowhere'}, and this is ${ours}`)
  return body
}

await toTheEnd(([tag]) => console.log(notes(tag)))
