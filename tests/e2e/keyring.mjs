// Owns: a real Secret Service for the home of one machine, unlocked, and gone with the test.
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {mkdirSync} from 'node:fs'
import {join} from 'node:path'
import {createInterface} from 'node:readline'
import {processes} from './machine.mjs'

/** Programs that it needs. */
export const secretService = ['bash', 'dbus-run-session', 'gnome-keyring-daemon', 'secret-tool']

/** Starts it; resolves to the variables with which programs find it, its items, and its daemon's pid. */
export async function keyring(whenDone, here) {
  const runtime = join(here.home, 'run')
  mkdirSync(runtime, {mode: 0o700})
  const env = {XDG_RUNTIME_DIR: runtime}
  // It ends with its stdin.
  const script = `printf %s test-password | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
    printf '%s\\n' "$DBUS_SESSION_BUS_ADDRESS"
    read -r _ || true`
  const session = spawn('dbus-run-session', ['--', 'bash', '-euc', script], {env: {...here.env, ...env}, stdio: ['pipe', 'pipe', 'ignore']})
  whenDone(async () => {
    session.stdin.end()
    if (session.exitCode === null) await once(session, 'exit')
  })
  ;[env.DBUS_SESSION_BUS_ADDRESS] = await once(createInterface(session.stdout), 'line')

  const tool = (args, input) => here.program('secret-tool', args, {env, input})
  const isDaemon = ({argv, env: of}) => argv[0]?.endsWith('gnome-keyring-daemon') && of.includes(`HOME=${here.home}`)
  return {
    daemon: () => processes().find(isDaemon).pid,
    env,
    /** What `secret-tool search` shows of the items of a service, their secrets included. */
    items: service => tool(['search', '--all', '--unlock', 'service', service]).then(({stderr, stdout}) => stdout + stderr),
    store: (label, attributes, secret) => tool(['store', `--label=${label}`, ...Object.entries(attributes).flat()], secret),
  }
}
