// Owns: what an idle watch costs: CPU time, wake-ups, requests and peak memory of a minute of the binary that ships, on Linux.
//
//   node tests/idle.mjs [SECONDS]      cargo build --profile dist comes first
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {createInterface} from 'node:readline'
import {setTimeout as pause} from 'node:timers/promises'
import {binary, throwawayHome} from './setup.mjs'

const seconds = Number(process.argv[2] ?? 60)
const program = binary('dist')
const {home, remove} = throwawayHome()
const sandbox = spawn(program, ['sandbox', '--port', '0'], {env: {HOME: home}, stdio: ['ignore', 'pipe', 'ignore']})
try {
  const [line] = await once(createInterface(sandbox.stdout), 'line')
  const host = line.replace('HEROKU_HOST=', '')
  mkdirSync(join(home, '.config/autorestart'), {recursive: true})
  writeFileSync(join(home, '.config/autorestart/schedules.toml'),
    'version = 1\n[[schedule]]\napp = "example-app"\nat = "07,14"\ntimezone = "Europe/Paris"\nsince = 2099-01-01T00:00:00Z\n')
  const watch = spawn(program, ['run', '--watch'], {env: {HEROKU_API_KEY: 'x', HEROKU_HOST: host, HOME: home}, stdio: ['ignore', 'pipe', 'ignore']})
  await once(createInterface(watch.stdout), 'line')
  const read = () => {
    const stat = readFileSync(`/proc/${watch.pid}/stat`, 'utf8').split(') ')[1].split(' ')
    const status = Object.fromEntries(readFileSync(`/proc/${watch.pid}/status`, 'utf8').split('\n').map(row => row.split(/:\s+/)))
    return {
      // in hundredths of a second
      cpu: Number(stat[11]) + Number(stat[12]),
      wakeups: Number(status.voluntary_ctxt_switches) + Number(status.nonvoluntary_ctxt_switches),
      peak: parseInt(status.VmHWM, 10),
    }
  }
  await pause(1000)
  const before = read()
  await pause(seconds * 1000)
  const after = read()
  watch.kill('SIGTERM')
  await once(watch, 'exit')
  const {requests} = await (await fetch(`${host}/sandbox/record`)).json()
  console.log(`in ${seconds} s: ${(after.cpu - before.cpu) * 10} ms of CPU time, ${after.wakeups - before.wakeups} context switches, ` +
    `${requests.length} requests; peak ${(after.peak / 1024).toFixed(1)} MiB`)
} finally {
  sandbox.kill('SIGTERM')
  await once(sandbox, 'exit')
  remove()
}
