// Owns: a machine to try the product on: a home of its own, the real Heroku CLI with the plugin linked, the real binary,
// and a simulated Heroku that listens on loopback. All of it goes when the test, or the file, is done.
import {execFile, spawn} from 'node:child_process'
import {once} from 'node:events'
import {existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {createInterface} from 'node:readline'
import {setTimeout as pause} from 'node:timers/promises'
import {binary, quiet, root, throwawayHome} from '../setup.mjs'

const program = binary('debug')
const cli = join(root, 'node_modules/heroku/bin/run.js')
const nodeFlags = ['--no-deprecation']

export const UUID = '0c5f9b7e-2d53-4b1c-9a77-4f1f0b2f6a10'

/**
 * The listeners that the CLI installs when its telemetry is on, without the telemetry: they end the process at once.
 */
export const withListeners = {
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(
    "for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))",
  )}`,
}

/** The words of a command line that starts the Heroku CLI. */
export const herokuWords = args => [process.execPath, ...nodeFlags, cli, ...args]

/**
 * `whenDone`: vitest's `afterAll`, or `onTestFinished` for the machine of one test. `env`: more variables, or fewer where
 * they are undefined. `isLinked`: whether this checkout is the plugin. `scenario`: TOML of the simulated Heroku in place of its leaky shop. `clock`: where the clocks of both
 * begin, in place of now. `sandboxArgs`: more of the sandbox's flags.
 */
export async function machine(whenDone, {clock, env: more, isLinked = true, sandboxArgs, scenario} = {}) {
  const {home, remove} = throwawayHome()
  whenDone(remove)
  const cwd = join(home, 'project')
  mkdirSync(cwd)
  const sandbox = await startSandbox(whenDone, home, {clock, sandboxArgs, scenario})
  const env = {
    // Nothing of the environment of whoever runs the tests, but the programs.
    PATH: process.env['PATH'],
    SystemRoot: process.env['SystemRoot'],
    ...quiet(home, sandbox.host),
    AUTORESTART_BINARY: program,
    HEROKU_API_KEY: UUID,
    HEROKU_HOST: sandbox.host,
    ...(clock && {AUTORESTART_CLOCK: clock}),
    ...more,
  }
  if (isLinked) linkPlugin(join(home, '.local/share/heroku'))

  const ended = (file, args, options = {}) => {
    const {env: changed, ...rest} = options
    return new Promise(resolve => {
      const child = execFile(file, args, {cwd, env: {...env, ...changed}, maxBuffer: 2 ** 26, ...rest}, (error, stdout, stderr) =>
        resolve({signal: child.signalCode, status: child.exitCode, stderr, stdout}))
      child.stdin.end(options.input)
    })
  }

  return {
    /** The binary alone. */
    autorestart: (args, options) => ended(program, args, options),
    cwd,
    env,
    home,
    /** The Heroku CLI. */
    heroku: (args, options) => ended(process.execPath, [...nodeFlags, cli, ...args], options),
    /** Any other program. */
    program: ended,
    sandbox,
    /** The Heroku CLI, not waited for: `ended` resolves when it has left. */
    start(args, {env: changed, ...rest} = {}) {
      const child = spawn(process.execPath, [...nodeFlags, cli, ...args], {
        cwd, env: {...env, ...changed}, stdio: ['ignore', 'pipe', 'pipe'], ...rest,
      })
      whenDone(() => child.kill('SIGKILL'))
      const output = {stderr: '', stdout: ''}
      for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', text => (output[name] += text))
      return {ended: once(child, 'close').then(([status, signal]) => ({...output, signal, status})), pid: child.pid}
    },
  }
}

async function startSandbox(whenDone, home, {clock, sandboxArgs = [], scenario}) {
  const args = ['sandbox', '--port', '0', ...sandboxArgs]
  if (clock) args.push('--clock', clock)
  if (scenario) {
    writeFileSync(join(home, 'scenario.toml'), scenario)
    args.push('--scenario', join(home, 'scenario.toml'))
  }
  // A home of its own, so that a process of ours is known by the machine's home.
  const child = spawn(program, args, {env: {HOME: join(home, '..'), SystemRoot: process.env['SystemRoot']}, stdio: ['ignore', 'pipe', 'ignore']})
  whenDone(async () => {
    if (child.exitCode === null && child.kill('SIGTERM')) await once(child, 'exit')
  })
  const [line] = await Promise.race([
    once(createInterface(child.stdout), 'line'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`the sandbox left at once with ${code}`))),
  ])
  const host = line.replace('HEROKU_HOST=', '')
  const call = async (method, path, body) => {
    const response = await fetch(`${host}${path}`, {
      ...(body !== undefined && {body: JSON.stringify(body)}),
      headers: {Accept: 'application/vnd.heroku+json; version=3', Authorization: `Bearer ${UUID}`, 'Content-Type': 'application/json'},
      method,
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return text && JSON.parse(text)
  }
  return {
    get: path => call('GET', path),
    host,
    machine: new URL(host).host,
    /** The minute that it is, on Heroku's clock, and still is for some seconds. */
    async minute() {
      const second = () => call('GET', '/sandbox/clock').then(({now}) => new Date(now))
      // Rather than wait for the next minute, go back in this one.
      if ((await second()).getUTCSeconds() > 40) await call('PATCH', '/sandbox', {'set-back': '20s'})
      return (await second()).toISOString().slice(11, 16)
    },
    patch: (path, body) => call('PATCH', path, body),
    restarts: () => call('GET', '/sandbox/record').then(({restarts}) => restarts),
  }
}

/** What `heroku plugins:link --no-install` writes, without the second that it takes. */
function linkPlugin(dataDir) {
  mkdirSync(dataDir, {recursive: true})
  const plugins = [{name: 'heroku-dynos-autorestart', root, type: 'link'}]
  const written = {dependencies: {}, name: 'heroku', oclif: {plugins, schema: 1}, private: true}
  writeFileSync(join(dataDir, 'package.json'), JSON.stringify(written))
}

/** Resolves to what `look` finds, once it finds something. */
export async function until(what, look, within = 20_000) {
  const deadline = Date.now() + within
  for (;;) {
    const found = await look()
    if (found) return found
    if (Date.now() > deadline) throw new Error(`${what}: not within ${within / 1000} s`)
    await pause(50)
  }
}

/** The files below a folder, and what is in them; none where there is no folder. */
export function files(folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, {recursive: true, withFileTypes: true})
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .map(path => ({path, text: readFileSync(path, 'latin1')}))
}

/** Processes (Linux): command line and environment, as far as they can be read; those that are over have none. */
export function processes() {
  const read = (pid, name) => {
    try {
      return readFileSync(`/proc/${pid}/${name}`, 'utf8').split('\0').slice(0, -1)
    } catch {
      return []
    }
  }
  return readdirSync('/proc').filter(name => /^\d+$/.test(name)).map(pid => ({argv: read(pid, 'cmdline'), env: read(pid, 'environ'), pid: Number(pid)}))
}

/** What the home's commands left running. */
export const leftovers = ({home}) => processes().filter(({env}) => env.includes(`HOME=${home}`)).map(({argv}) => argv.join(' '))
