// Owns: `npm test`: everything there is to check, in order, from a fresh clone on; and the table at the end.
//
//   npm test                  all of it
//   npm test -- e2e lint      only these steps, and those that they need
//
// A program that this machine lacks is a failure where CI=true; elsewhere what needs it is skipped, and it is said.
import {readdirSync, readFileSync} from 'node:fs'
import {availableParallelism} from 'node:os'
import {join} from 'node:path'
import {binary, cargo, isStopped, leaveOnSignals, missing, preparations, root, run, stoppedCode, throwawayHome, withPython} from './setup.mjs'

/** What needs each program. */
const PROGRAMS = {
  cargo: 'the binary, and everything that runs it',
  git: 'the tests of the Heroku CLI',
  tmux: 'the tests at a terminal',
  'dbus-run-session': 'the tests with a Secret Service',
  'gnome-keyring-daemon': 'the tests with a Secret Service',
  'secret-tool': 'the tests with a Secret Service',
  gpg: 'the tests with a .netrc.gpg',
  python3: 'the comparison with croniter and cronsim, the checks of what install writes, the packages and the workflows',
  rustup: 'the packages, with binaries for other machines',
  tar: 'the registry of the tests',
  'systemd-analyze': 'the checks of what install writes',
  crontab: 'the checks of what install writes',
  xmllint: 'the checks of what install writes',
  unshare: 'install on a systemd and a crontab of its own',
  curl: 'install on a systemd and a crontab of its own',
}
const lacking = missing(...Object.keys(PROGRAMS))

/** How a step ended: `passed`, `failed` or `skipped`, and why where that is not in its output. */
const ended = (result, why = '') => ({result, why})
const byCode = code => (code === 0 ? ended('passed') : ended('failed', `exit code ${code}`))
const vitest = project => async () => {
  // The tests remove their homes themselves, unless they are interrupted.
  const {home, remove} = throwawayHome()
  try {
    return await run(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', project], {
      // the binary that was built above, whatever a platform package or an older release build may be
      env: {...process.env, AUTORESTART_BINARY: binary('debug'), TMPDIR: home},
    }).then(byCode)
  } finally {
    remove()
  }
}

/** Name, the steps and programs without which there is nothing to run, and the work. */
const STEPS = [
  {name: 'programs', work: programs},
  ...Object.entries(preparations('debug')).map(([name, {isNeeded, run}]) => ({
    name,
    needs: name === 'cargo build' ? ['cargo'] : name === 'npm run build' ? ['npm ci'] : [],
    work: async () => (isNeeded() ? byCode(await run()) : ended('passed', 'there already')),
  })),
  {name: 'cargo test', needs: ['cargo'], work: cargoTest},
  {name: 'commands.json', needs: ['cargo build'], work: commandsJson},
  {name: 'schema', work: schema},
  {name: 'cron peers', needs: ['python3', 'cargo build'], work: cronPeers},
  {name: 'runner files', needs: ['python3', 'systemd-analyze', 'crontab', 'xmllint', 'cargo build'], work: runnerFiles},
  {name: 'runner live', needs: ['python3', 'systemd-analyze', 'crontab', 'unshare', 'curl', 'cargo build'], work: runnerLive},
  {name: 'workflows', needs: ['python3'], work: workflows},
  {name: 'packages', needs: ['cargo', 'python3', 'rustup', 'tar', 'cargo build', 'npm run build'], work: packages},
  {name: 'lint', needs: ['npm ci'], work: () => run('npm', ['run', '--silent', 'lint']).then(byCode)},
  {name: 'plugin', needs: ['git', 'npm run build'], work: vitest('plugin')},
  {name: 'e2e', needs: ['git', 'cargo build', 'npm run build'], work: vitest('e2e')},
]

leaveOnSignals()
process.exitCode = await main(process.argv.slice(2))

async function main(wanted) {
  const unknown = wanted.filter(name => !STEPS.some(step => step.name === name))
  if (unknown.length > 0) {
    console.error(`There is no step ${unknown.join(', ')}; there are: ${STEPS.map(({name}) => name).join(', ')}`)
    return 2
  }

  const meant = wanted.length === 0 ? STEPS : STEPS.filter(({name}) => wanted.some(step => [step, ...needed(step)].includes(name)))
  const done = {}
  for (const step of meant) {
    if (isStopped()) break
    console.log(`\n== ${step.name}`)
    const began = performance.now()
    const {result, why} = await held(step, done)
    done[step.name] = {result, seconds: (performance.now() - began) / 1000, why}
    if (result !== 'passed') console.log(`${result.toUpperCase()}${why && `: ${why}`}`)
  }

  console.log(table(done))
  if (isStopped()) return stoppedCode()
  return Object.values(done).some(({result}) => result === 'failed') ? 1 : 0
}

/** The names of all that a step needs, and what that needs. */
function needed(name) {
  return (STEPS.find(step => step.name === name)?.needs ?? []).flatMap(need => [need, ...needed(need)])
}

/** Does the step, unless something that it needs is not there. */
async function held({needs = [], work}, done) {
  const without = needs.filter(need => lacking.includes(need))
  if (without.length > 0) return ended(process.env['CI'] === 'true' ? 'failed' : 'skipped', `there is no ${without.join(', no ')} here`)
  const broken = needs.filter(need => done[need] && done[need].result !== 'passed')
  // What could not run because of a failure has not passed; what is skipped skips what follows.
  if (broken.length > 0) return ended(broken.some(need => done[need].result === 'failed') ? 'failed' : 'skipped', `not run: needs ${broken.join(', ')}`)
  try {
    return await work()
  } catch (error) {
    return ended('failed', error.message)
  }
}

async function programs() {
  for (const program of lacking) console.log(`${program} is missing: ${PROGRAMS[program]} cannot run`)
  if (lacking.length === 0) return ended('passed')
  return ended(process.env['CI'] === 'true' ? 'failed' : 'skipped', `without ${lacking.join(', ')}`)
}

/** All but the benches; one failure does not hide another. */
function cargoTest() {
  // They mostly wait: for processes, sockets, and what answers late.
  const threads = process.env['RUST_TEST_THREADS'] ?? String(2 * availableParallelism())
  return cargo(['test', '--no-fail-fast'], {env: {...process.env, RUST_TEST_THREADS: threads}}).then(byCode)
}

/** plugin/commands.json is what the binary says of itself, and the references in docs are made of it. */
async function commandsJson() {
  const output = []
  const code = await run(binary('debug'), ['commands', '--json'], {onOutput: chunk => output.push(chunk)})
  if (code !== 0) return byCode(code)
  const checkedIn = readFileSync(join(root, 'plugin/commands.json'), 'utf8')
  if (Buffer.concat(output).toString() !== checkedIn)
    return ended('failed', 'plugin/commands.json has drifted: cargo run -- commands --json > plugin/commands.json')
  return byCode(await run(process.execPath, ['plugin/reference.mjs', '--check']))
}

/** The published schema is not in this repository; it lies beside it where the sandbox's answers are worked on. */
async function schema() {
  let output = ''
  const onOutput = chunk => {
    process.stdout.write(chunk)
    output += chunk
  }
  const code = await run(process.execPath, ['tests/data/extract-schema.mjs', '--check', '../shared/heroku-schema-3.sdk.json'], {onOutput})
  return code === 0 && output.startsWith('SKIPPED') ? ended('skipped', 'no published schema') : byCode(code)
}

/** Next occurrences beside those of croniter and cronsim. */
function cronPeers() {
  return withPython('cron-peers', ['--requirement', join(root, 'tests/peers/requirements.txt')], bin =>
    run(join(bin, 'python'), [join(root, 'tests/peers/calendars.py'), binary('debug')]).then(byCode))
}

/** What `install --print` prints, read by those who are to read it. */
function runnerFiles() {
  return withPython('runner-files', ['--requirement', join(root, 'tests/runners/requirements.txt')], bin =>
    run(join(bin, 'python'), [join(root, 'tests/runners/files.py'), binary('debug')]).then(byCode))
}

/** `install` and `uninstall` for real, on a machine within this one; only root may make that. */
async function runnerLive() {
  const words = ['bash', join(root, 'tests/runners/live.sh'), binary('debug')]
  const isRoot = process.getuid() === 0
  if (!isRoot && process.env['CI'] !== 'true') return ended('skipped', 'it needs root')
  const [program, ...args] = isRoot ? words : ['sudo', '--non-interactive', '--preserve-env=PATH', ...words]
  const code = await run(program, args)
  // A container may allow neither: what install prints is checked in any case.
  return code === 77 ? ended('skipped', 'no systemd for users can be started here') : byCode(code)
}

/** What GitHub is to do: by its schema, and by what is known to be unsafe. */
function workflows() {
  return withPython('workflows', ['--requirement', join(root, 'tests/workflows/requirements.txt')], async bin => {
    const files = readdirSync(join(root, '.github/workflows')).map(name => join('.github/workflows', name))
    const steps = [
      ['check-jsonschema', ['--builtin-schema', 'vendor.github-workflows', ...files]],
      ['check-jsonschema', ['--builtin-schema', 'vendor.dependabot', '.github/dependabot.yml']],
      ['actionlint', files],
      ['zizmor', ['--offline', '.github']],
    ]
    for (const [program, args] of steps) {
      const code = await run(join(bin, program), args)
      if (code !== 0) return byCode(code)
    }
    return ended('passed')
  })
}

/** The packages, with the binary that ships, for a machine like this: what `plugins:install` brings, and what a dyno runs. */
async function packages() {
  const here = `${process.platform}-${process.arch}`
  const code = await run(process.execPath, [join(root, 'plugin/pack/index.mjs'), here])
  if (code !== 0) return byCode(code)
  const installed = await vitest('packages')()
  if (installed.result !== 'passed' || here !== 'linux-x64') return installed
  const test = 'deploy::the_runner_restarts_on_time_and_a_second_deploy_changes_nothing_and_nothing_is_left_of_it'
  const shipped = join(root, 'target/x86_64-unknown-linux-musl/dist/autorestart')
  return cargo(['test', '--test', 'cli', test], {env: {...process.env, AUTORESTART_LINUX_BINARY: shipped}}).then(byCode)
}

function table(done) {
  const rows = Object.entries(done).map(([name, {result, seconds, why}]) => [name, result, seconds.toFixed(1), why])
  const [names, results, times] = [0, 1, 2].map(column => Math.max(7, ...rows.map(row => row[column].length)))
  const line = ([name, result, seconds, why]) => `${name.padEnd(names)}  ${result.padEnd(results)}  ${seconds.padStart(times)}  ${why}`.trimEnd()
  const count = wanted => rows.filter(([, result]) => result === wanted).length
  return [
    '', line(['step', 'result', 'seconds', '']), ...rows.map(line), '',
    `${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`,
  ].join('\n')
}
