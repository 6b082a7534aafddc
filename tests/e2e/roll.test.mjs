// Owns: what the users of an app see of a restart: a client asks the app ten times a second while its two web dynos are
// restarted one by one, and while `heroku ps:restart` restarts them all at once.
import {setTimeout as pause} from 'node:timers/promises'
import {expect, it, onTestFinished} from 'vitest'
import {machine} from './machine.mjs'

/** A client that waits for so long gives up. */
const PATIENCE = 2_000
const EVERY = 100

const scenario = boot => `
[[app]]
name = "example-app"
habits = { boot = "${boot}s" }
[[app.formation]]
type = "web"
quantity = 2
`

/** Asks until it is stopped; returns how many there were, how many failed, how long the slowest took, and for how long none was answered. */
function poll(url) {
  let isOver = false
  const asked = []
  const ask = async () => {
    const at = Date.now()
    const answered = await fetch(url, {signal: AbortSignal.timeout(PATIENCE)}).then(({status}) => status < 400, () => false)
    return {answered, at, took: Date.now() - at}
  }
  const loop = (async () => {
    while (!isOver) {
      asked.push(ask())
      await pause(EVERY)
    }
    return Promise.all(asked)
  })()
  return async () => {
    isOver = true
    const all = await loop
    const failed = all.filter(({answered}) => !answered)
    const down = failed.length === 0 ? 0 : failed.at(-1).at - failed[0].at + EVERY
    return {down, failed: failed.length, requests: all.length, slowest: Math.max(...all.map(({took}) => took))}
  }
}

async function restartedBy(boot, words) {
  const {heroku, sandbox} = await machine(onTestFinished, {scenario: scenario(boot)})
  const stop = poll(`${sandbox.host}/router/example-app/`)
  await pause(500)
  const began = Date.now()
  const {status, stderr} = await heroku(words)
  expect({status, stderr}).toMatchObject({status: 0})
  const took = Date.now() - began
  // ps:restart does not wait for anything.
  await pause(boot * 1_000 + 1_000)
  const restarts = await sandbox.restarts()
  expect(restarts.map(({dyno}) => dyno).sort()).toEqual(['web.1', 'web.2'])
  return {...await stop(), most: Math.max(...restarts.map(({down}) => down)), took}
}

it('nobody notices a roll, and everybody that all are restarted at once', async () => {
  const ways = {
    'dynos:autorestart:run --now': ['dynos:autorestart:run', '--now', '--app', 'example-app', '--yes', '--settle', '1s'],
    'ps:restart': ['ps:restart', '--app', 'example-app'],
  }
  const rows = []
  for (const boot of [4, 8]) {
    const beside = Object.entries(ways).map(async ([how, words]) => ({boot, how, ...await restartedBy(boot, words)}))
    rows.push(...await Promise.all(beside))
  }

  const seconds = ms => `${(ms / 1_000).toFixed(1)} s`
  const line = ({boot, down, failed, how, most, requests, slowest, took}) => [
    how.padEnd(28),
    `${boot} s`.padStart(4),
    String(requests).padStart(8),
    String(failed).padStart(6),
    seconds(slowest).padStart(7),
    seconds(down).padStart(10),
    String(most).padStart(9),
    seconds(took).padStart(6),
  ].join('  ')
  console.log('failed: not answered well within 2 s, by a client that asks ten times a second; most down: dynos, at once')
  console.log([`${'two web dynos'.padEnd(28)}  boot  requests  failed  slowest  unanswered  most down    took`, ...rows.map(line)].join('\n'))
  for (const {failed, how, most} of rows) {
    // A router holds requests for a moment: that nobody noticed does not yet say that one was up all the time.
    if (how.includes('autorestart')) expect({failed, most}, how).toEqual({failed: 0, most: 1})
    else expect(failed, how).toBeGreaterThan(0)
  }
}, 180_000)
