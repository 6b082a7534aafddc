// Owns: `npm run demo`: from a fresh clone to the main job on a simulated Heroku, through the real Heroku CLI, in a home
// that goes away afterwards. What is shown is `autorestart demo`.
import {once} from 'node:events'
import {createServer} from 'node:http'
import {binary, heroku, isStopped, leaveOnSignals, missing, preparations, quiet, root, run, stoppedCode, throwawayHome} from './setup.mjs'

leaveOnSignals()
process.exitCode = await demo()

async function demo() {
  const lacking = missing('cargo', 'git', 'npm').filter(program => program !== 'cargo' || !process.env['AUTORESTART_BINARY'])
  if (lacking.length > 0) {
    console.error(`The demo needs ${lacking.join(' and ')}, which this machine does not have`)
    return 1
  }

  for (const {isNeeded, run, says} of Object.values(preparations('release')).filter(({isNeeded}) => isNeeded())) {
    const code = await oneLine(says, run)
    if (code !== 0) return code
  }

  const {home, remove} = throwawayHome()
  const particleboard = createServer((_, response) => response.end('{}')).listen(0, '127.0.0.1')
  try {
    await once(particleboard, 'listening')
    const env = environment(home, `http://127.0.0.1:${particleboard.address().port}`)
    const here = {cwd: home, env}
    const link = options => run(heroku, ['plugins:link', '--no-install', root], {...here, ...options})
    const code = await oneLine('Linking the plugin into the Heroku CLI, in a home that goes away afterwards', link)
    if (code !== 0) return code

    console.log()
    return await run(binary('release'), ['demo', '--cli', heroku], here)
  } finally {
    particleboard.close()
    particleboard.closeAllConnections()
    remove()
  }
}

/** The user's environment without what would lead the Heroku CLI, git or the binary to the user's own things. */
function environment(home, particleboard) {
  const isTheUsers = name => /^(HEROKU_|AUTORESTART_|XDG_|GIT_)|_proxy$/i.test(name)
  const kept = Object.fromEntries(Object.entries(process.env).filter(([name]) => !isTheUsers(name)))
  return {...kept, ...quiet(home, particleboard), AUTORESTART_BINARY: binary('release')}
}

/** Says in one line what is being done and how long it took; its output is shown only when it fails. */
async function oneLine(says, work) {
  const output = []
  const began = performance.now()
  const took = () => `${((performance.now() - began) / 1000).toFixed(1)} s`
  const tick = process.stderr.isTTY ? setInterval(() => process.stderr.write(`\r${says}... ${took()}`), 1000) : undefined
  process.stderr.write(`${says}...`)
  const code = await work({onOutput: chunk => output.push(chunk)})
  clearInterval(tick)
  process.stderr.write(`${process.stderr.isTTY ? `\r${says}...` : ''} ${code === 0 ? 'done' : 'failed'}, ${took()}\n`)
  if (code !== 0 && !isStopped()) process.stderr.write(Buffer.concat(output))
  return isStopped() ? stoppedCode() : code
}
