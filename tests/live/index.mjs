#!/usr/bin/env node
// Owns: what only a live account can prove (docs/LIVE-CHECKS.md), asked of Heroku by one command on a throwaway app, put back
// afterwards, and written down as Markdown. Node 20.3 or newer and nothing else.
//
//   node tests/live/index.mjs --list
//   node tests/live/index.mjs --app NAME --confirm NAME [--only id,id] [--out FILE.md] [--allow-new-app] [--hours N]
import {randomBytes} from 'node:crypto'
import {writeFileSync} from 'node:fs'
import {setTimeout as pause} from 'node:timers/promises'
import {parseArgs} from 'node:util'
import {cycleCheck, dynoChecks} from './dynos.mjs'
import {apiOf, Heroku, loginToken, Refused, told, Untold} from './heroku.mjs'
import {newApp, newAppChecks} from './new-app.mjs'
import {tokenChecks} from './tokens.mjs'

const CHECKS = [...tokenChecks, ...dynoChecks, ...newAppChecks, cycleCheck]
const ANSWERS = {yes: 'as assumed', no: 'otherwise', untold: 'could not tell'}
const DONE = 0, FAILED = 1, USAGE = 2, OTHERWISE = 3, INTERRUPTED = 130
const MOST_DYNOS = 10

const say = text => process.stderr.write(text)
// Who no longer reads must not keep us from putting things back.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

/** Somebody wants us to leave. */
class Stopped extends Error {}
const stop = new AbortController()
let undo

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (!stop.signal.aborted) {
      say('\nStopping; what was changed is put back first. Once more leaves it as it is.\n')
      return stop.abort(new Stopped(`stopped by ${signal}`))
    }
    for (const {byHand, says} of undo?.left ?? []) say(`NOT put back: ${says}. By hand: ${byHand}\n`)
    process.exit(INTERRUPTED)
  })
}

/** What was changed and how it is put back, last first. What is kept serves several checks. */
class Undo {
  left = []
  reports = []
  failed = []

  constructor(heroku) {
    this.heroku = heroku
  }

  push(step) {
    this.left.push(step)
  }

  async unwind({isAll}) {
    const steps = this.left.filter(({isKept}) => isAll || !isKept).reverse()
    Object.assign(this.heroku, {isFree: true, signal: undefined})
    for (const step of steps) {
      say(`  putting back ${step.says}... `)
      const why = await this.#putBack(step)
      this.left.splice(this.left.indexOf(step), 1)
      if (why) this.failed.push(step)
      const report = why ? `NOT put back: ${step.says} (${why}). By hand: ${step.byHand}` : `put back: ${step.says}`
      this.reports.push(report)
      say(why ? `\n  ${report}\n` : 'done\n')
    }
    this.heroku.isFree = false
  }

  /** Why it could not be, after half a minute of attempts. */
  async #putBack(step) {
    const {isDone = () => false} = step
    let why
    for (const seconds of [0, 2, 5, 10, 20]) {
      await pause(seconds * 1000)
      try {
        const answer = await step.run()
        if (!answer || answer.status < 300 || isDone(answer)) return undefined
        why = told(answer)
      } catch (error) {
        why = error.message
      }
    }
    return why
  }
}

/** What a check is given. What is shared is seen once: a restart tells the id, the body and the delay. */
function contextOf(heroku, {account, app, options}) {
  const description = `autorestart live checks ${randomBytes(6).toString('hex')}`
  const memory = new Map()
  const context = {
    account, app: app.name, appId: app.id, description, evidence: [], heroku, hours: Number(options.hours ?? 0), undo, webUrl: app.web_url,
    see: line => void context.evidence.push(heroku.clean(line)),
    says: (isAsAssumed, seen) => ({answer: isAsAssumed ? ANSWERS.yes : ANSWERS.no, evidence: context.evidence, seen: heroku.clean(seen)}),
    shared(key, work) {
      const known = memory.get(key)
      if (known && known.id !== context.id) context.see(`(the same ${key} as in ${known.id})`)
      if (!known) memory.set(key, {id: context.id, promise: work()})
      return memory.get(key).promise
    },
    /** Revokes at the end whatever bears our description, also what was made by a request whose answer was lost. */
    sweep: () => context.shared('sweep', async () => undo.push({
      byHand: `heroku authorizations, then heroku authorizations:revoke each "${description}"`, isKept: true, says: 'authorizations',
      async run() {
        const made = (await heroku.all('/oauth/authorizations')).filter(one => one.description === description)
        for (const {id} of made) {
          const revoked = await heroku.send('DELETE', `/oauth/authorizations/${id}`, {isSecret: true})
          if (revoked.status !== 200 && revoked.status !== 404) return revoked
        }
        this.says = `authorizations (${made.length} revoked)`
      },
    })),
    ...(options['allow-new-app'] && {newApp: () => newApp(context)}),
  }
  return context
}

/** One check within its time; what it changed for itself is put back before the next. */
async function ask(check, context) {
  const {heroku} = context
  const minutes = check.limit ?? 6
  const limit = new AbortController()
  const timer = minutes < Infinity ? setTimeout(() => limit.abort(new Untold(`it took longer than ${minutes} minutes`)), minutes * 60_000) : undefined
  Object.assign(context, {evidence: [], id: check.id})
  heroku.signal = AbortSignal.any([stop.signal, limit.signal])
  try {
    return await check.run(context)
  } catch (error) {
    const why = heroku.signal.aborted ? heroku.signal.reason : error
    const isBroken = !(why instanceof Untold)
    return {answer: ANSWERS.untold, evidence: context.evidence, isBroken, seen: heroku.clean(why.message)}
  } finally {
    clearTimeout(timer)
  }
}

/** Why this is no throwaway app; what cannot be found out counts against it. */
async function objections(heroku, app) {
  const path = `/apps/${app.name}`
  const found = []
  const count = async (what, most, where, isOne = () => true) => {
    const answer = await heroku.get(`${path}/${where}`)
    if (answer.status === 404 && (heroku.isLoopback || where === 'pipeline-couplings')) return
    if (answer.status >= 300) return found.push(`${what}: not known (${told(answer)})`)
    const rows = [answer.body].flat()
    const number = rows.filter(isOne).reduce((sum, {quantity = 1}) => sum + quantity, 0)
    if (number > most) found.push(`${what}: ${number}`)
  }
  await count('dynos', MOST_DYNOS, 'dynos')
  await count('dynos in its formation', MOST_DYNOS, 'formation')
  await count('add-ons', 0, 'addons')
  await count('custom domains', 0, 'domains', ({kind}) => kind !== 'heroku')
  await count('collaborators besides the owner', 0, 'collaborators', ({role, user}) => (role ?? 'owner') !== 'owner' || user.email !== app.owner.email)
  await count('production stages of pipelines', 0, 'pipeline-couplings', ({stage}) => stage === 'production')
  return found
}

async function prepare(options) {
  const {app: name, confirm, only} = options
  if (!name) throw new Refused('--app NAME is needed: a throwaway app with two web dynos and a worker')
  if (confirm !== name) throw new Refused(`This restarts and changes ${name}: say so with --confirm ${name}${confirm ? `, not --confirm ${confirm}` : ''}`)
  if (options.hours !== undefined && !(Number(options.hours) > 0 && Number(options.hours) <= 240)) throw new Refused('--hours is a number up to 240')
  const ids = only?.split(',').map(id => id.trim()).filter(Boolean)
  const unknown = ids?.filter(id => !CHECKS.some(check => check.id === id)) ?? []
  if (unknown.length > 0) throw new Refused(`There is no check ${unknown.join(', ')}; --list has them`)
  const chosen = CHECKS.filter(({id, needsNewApp}) => (ids ? ids.includes(id) : !needsNewApp || options['allow-new-app']))
  if (chosen.some(({needsNewApp}) => needsNewApp) && !options['allow-new-app']) throw new Refused('These make an app of their own: say so with --allow-new-app')

  const hours = Number(options.hours ?? 0)
  const heroku = new Heroku({...apiOf(process.env['HEROKU_HOST'] || undefined), budget: 6000 + hours * 40, token: await loginToken()})
  heroku.rename(name, '$APP')
  heroku.signal = stop.signal
  const {body: app, ...answer} = await heroku.get(`/apps/${encodeURIComponent(name)}`)
  if (answer.status !== 200) throw new Refused(`${name} was answered ${told({body: app, ...answer})}`)
  if (app.name !== name) throw new Refused(`${name} is ${app.name} by now: say that name`)
  const against = await objections(heroku, app)
  if (against.length > 0 && options['i-know'] !== name)
    throw new Refused(`${name} does not look like a throwaway app: ${against.join('; ')}\nIf it is one all the same: --i-know ${name}`)
  return {app, chosen, heroku}
}

/** What the formation and the features were, to see that they are again. */
async function standing(heroku, app) {
  const formation = (await heroku.all(`/apps/${app}/formation`)).map(({dyno_size: size, quantity, type}) => `${type}=${quantity}:${size?.name}`)
  const features = (await heroku.all(`/apps/${app}/features`)).filter(({enabled}) => enabled).map(({name}) => name)
  return [...formation.sort(), ...features.sort()].join(' ')
}

async function main(options) {
  const {app, chosen, heroku} = await prepare(options)
  undo = new Undo(heroku)
  const context = contextOf(heroku, {app, options})
  const before = await standing(heroku, app.name)
  const out = options.out ?? `live-checks-${new Date().toISOString().slice(0, 16).replaceAll(/[^\dT]/g, '')}.md`
  say(`${chosen.length} checks on ${app.name} at ${heroku.base}; the record goes to ${out}\n`)

  const began = new Date()
  const results = []
  const write = () => writeFileSync(out, record(results, {began, heroku, reports: undo.reports}))
  write()
  for (const [place, check] of chosen.entries()) {
    if (stop.signal.aborted) break
    // What lasts for days needs nothing of what was made, which may cost.
    if (check.limit === Infinity) await undo.unwind({isAll: true})
    const start = performance.now()
    say(`[${place + 1}/${chosen.length}] ${check.id} (${check.takes})... `)
    const result = await ask(check, context)
    results.push({...result, check, took: (performance.now() - start) / 1000})
    say(`${result.answer}, ${results.at(-1).took.toFixed(1)} s: ${result.seen}\n`)
    await undo.unwind({isAll: false})
    write()
  }
  await undo.unwind({isAll: true})
  Object.assign(heroku, {isFree: true, signal: undefined})
  const after = await standing(heroku, app.name).catch(error => `not known: ${error.message}`)
  const isAsBefore = before === after
  undo.reports.push(isAsBefore ? 'formation and features are as before' : `formation and features were "${before}" and are "${after}"`)
  say(`  ${undo.reports.at(-1)}\n`)
  write()

  process.stdout.write(table(results, process.stdout.columns))
  say(`The record is in ${out}; ${heroku.made} requests were made, the account has ${heroku.remaining ?? 'an unknown number'} left\n`)
  if (stop.signal.aborted) return INTERRUPTED
  if (undo.failed.length > 0 || !isAsBefore || results.some(({isBroken}) => isBroken)) return FAILED
  if (results.some(({answer}) => answer === ANSWERS.no)) return OTHERWISE
  return results.some(({answer}) => answer === ANSWERS.yes) ? DONE : FAILED
}

function table(results, columns = 10_000) {
  const rows = results.map(({answer, check, seen}) => `${check.id.padEnd(19)}${answer.padEnd(16)}${seen}`)
  const count = answer => results.filter(result => result.answer === answer).length
  const sum = Object.values(ANSWERS).map(answer => `${count(answer)} ${answer}`)
  return `\n${rows.map(row => (row.length > columns ? `${row.slice(0, columns - 1)}…` : row)).join('\n')}\n\n${sum.join(', ')}\n`
}

/** Ready to be pasted into an issue. */
function record(results, {began, heroku, reports}) {
  const cell = text => text.replaceAll('|', '\\|')
  const rows = results.map(({answer, check, seen}) => `| ${check.id} | ${cell(check.question)} | ${answer} | ${cell(seen)} |`)
  const parts = results.map(({answer, check, evidence, seen, took}) => [
    `### ${check.id}: ${answer}`, check.question, `The code assumes: ${check.assumes}`, `Seen, in ${took.toFixed(1)} s: ${seen}`,
    ...(evidence.length > 0 ? [`\`\`\`text\n${evidence.join('\n').replaceAll('```', "'''")}\n\`\`\``] : []),
  ].join('\n\n'))
  return `${[
    '## Live checks', `${began.toISOString()} to ${new Date().toISOString()}, ${heroku.isLoopback ? 'against a **simulated** Heroku' : heroku.base}, Node ${process.version}, ` +
      `${heroku.made} requests. Ids are shortened, tokens and names left out; +t is seconds since the request, and times are those at which the answer was there.`,
    ['| check | question | answer | seen |', '|---|---|---|---|', ...rows].join('\n'), ...parts,
    '### Put back', reports.map(report => `- ${heroku.clean(report)}`).join('\n') || 'Nothing was changed.',
  ].join('\n\n')}\n`
}

function list() {
  const rows = CHECKS.map(({changes, id, question, takes}) => `${id.padEnd(19)}${question}\n${' '.repeat(19)}takes ${takes}; changes: ${changes}`)
  return `${rows.join('\n')}\n`
}

const FLAGS = {
  'allow-new-app': {type: 'boolean'}, app: {short: 'a', type: 'string'}, confirm: {type: 'string'}, help: {short: 'h', type: 'boolean'},
  hours: {type: 'string'}, 'i-know': {type: 'string'}, list: {type: 'boolean'}, only: {type: 'string'}, out: {type: 'string'},
}
const USE = `Usage: node tests/live/index.mjs --app NAME --confirm NAME [--only id,id] [--out FILE.md] [--allow-new-app] [--hours N]
       node tests/live/index.mjs --list

--allow-new-app makes one app, live-check-…, with Basic dynos, and destroys it. --hours N watches the app for N hours.
--i-know NAME takes an app that does not look like a throwaway one.
Asks Heroku what docs/LIVE-CHECKS.md asks, on a throwaway app, puts back what it changed, and writes a record.
Token: HEROKU_API_KEY, else the Heroku CLI's login. AUTORESTART_BINARY goes into the slug of --allow-new-app.
Exit codes: 0 all that could be told is as assumed; 1 failed; 2 refused; 3 something is otherwise; 130 interrupted.
`

try {
  const {values} = parseArgs({options: FLAGS})
  if (values.help || values.list) process.stdout.write(values.list ? list() : USE)
  else process.exitCode = await main(values)
} catch (error) {
  const isUsage = error instanceof Refused || error.code?.startsWith('ERR_PARSE_ARGS')
  say(`${isUsage ? error.message : `Failed: ${error.message}`}\n`)
  process.exitCode = stop.signal.aborted ? INTERRUPTED : isUsage ? USAGE : FAILED
}
