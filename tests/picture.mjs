// Owns: `npm run picture`: docs/memory.svg, the chart of the README. Three days of a simulated app that leaks and that nobody
// restarts, saved as `heroku logs` saves them, and replayed by `simulate` through the policies that the chart compares.
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {appendFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {createInterface} from 'node:readline'
import {binary, leaveOnSignals, output, preparations, root, throwawayHome} from './setup.mjs'

const HOURS = 72
// By a seed, so that it is the same picture again.
const WORLD = `
seed = 7
[[app]]
name = "example-app"
metrics = true
habits = { daily-cycle = true }
[[app.formation]]
type = "web"
quantity = 2
up-for = "1h"
leak = { from = 230, per-hour = 15, noise = 6, warm-up = 8 }
`

leaveOnSignals()
const {home, remove} = throwawayHome()
try {
  const log = join(home, 'two leaking dynos, three days')
  await save(log)
  for (const {isNeeded, run} of [preparations('debug')['cargo build']]) if (isNeeded() && (await run()) !== 0) throw new Error('the binary could not be built')
  const policies = ['--at 07,14', '--memory 90%'].flatMap(policy => ['--policy', policy])
  console.log(await output(binary('debug'), ['simulate', '--file', log, ...policies, '--svg', join(root, 'docs/memory.svg')], {env: {HOME: home, TZ: 'UTC'}}))
} finally {
  remove()
}

/** The log of the app, hour by hour, since a log session has no more than its last 1,500 lines. */
async function save(path) {
  writeFileSync(join(home, 'world.toml'), WORLD)
  const args = ['sandbox', '--port', '0', '--clock', '2026-11-02T00:00:00Z', '--scenario', join(home, 'world.toml')]
  const child = spawn(binary('debug'), args, {env: {HOME: home}, stdio: ['ignore', 'pipe', 'ignore']})
  try {
    const [line] = await once(createInterface(child.stdout), 'line')
    const host = line.replace('HEROKU_HOST=', '')
    const call = async (method, path, body) => {
      const headers = {Accept: 'application/vnd.heroku+json; version=3', Authorization: 'Bearer none', 'Content-Type': 'application/json'}
      const answer = await fetch(`${host}${path}`, {body: JSON.stringify(body), headers, method})
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status}`)
      return answer.text().then(text => text && JSON.parse(text))
    }
    let last = ''
    for (let hour = 0; hour < HOURS; hour++) {
      await call('PATCH', '/sandbox', {advance: '1h'})
      const {logplex_url} = await call('POST', '/apps/example-app/log-sessions', {lines: 1500, source: 'heroku'})
      const lines = (await (await fetch(logplex_url)).text()).split('\n').filter(Boolean)
      appendFileSync(path, lines.slice(lines.lastIndexOf(last) + 1).map(one => `${one}\n`).join(''))
      last = lines.at(-1)
    }
  } finally {
    child.kill('SIGTERM')
  }
}
