// Owns: that what is tested here has been built.
import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {binary, heroku, root} from '../setup.mjs'

export default function setup() {
  for (const needed of [binary('debug'), heroku, join(root, 'plugin/dist/index.js'), join(root, 'oclif.manifest.json')])
    if (!existsSync(needed)) throw new Error(`${needed} is missing: "npm test" builds it`)
}
