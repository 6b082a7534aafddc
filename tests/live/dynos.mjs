// Owns: the live checks of dynos: restarts, identity, states, preboot, crashes, config vars, Heroku's own cycle.
import {Away, scopes, shape, told, Untold} from './heroku.mjs'

const short = dyno => `${dyno.name} ${dyno.id.slice(0, 8)}… ${dyno.state}, created ${dyno.created_at}, updated ${dyno.updated_at}`
const seconds = milliseconds => `${(milliseconds / 1000).toFixed(1)} s`

/**
 * Lists an app's dynos again and again, and notes each change: what somebody would see who never looked away.
 * `began` is when it was asked for; the times are those at which the answer was there.
 */
export async function watch(context, {app = context.app, began = performance.now(), every = 1, isOne, lasts, until = () => false}) {
  const seen = []
  for (let last; ;) {
    const round = performance.now()
    const listed = await context.heroku.dynos(app).catch(error => {
      // In days a connection may break, or Heroku be away; what is watched ten times a second must have no hole.
      const isForGood = error instanceof Untold && !(error instanceof Away)
      if (every < 30 || isForGood || context.heroku.signal?.aborted) throw error
      context.see(`no answer: ${error.message}`)
    })
    const [at, took] = [performance.now() - began, performance.now() - round].map(each => each / 1000)
    if (took > 2) context.see(`(no answer for ${took.toFixed(1)} s before what follows)`)
    const entries = (listed?.body ?? []).filter(isOne).sort((a, b) => a.name.localeCompare(b.name) || a.created_at.localeCompare(b.created_at))
    const text = entries.map(short).join(' | ') || 'not in the list'
    if (listed && text !== last) {
      seen.push({at, entries})
      context.see(`+${at.toFixed(1)} s: ${text}`)
    }
    if (listed) last = text
    if (until(entries, at) || at > lasts) return seen
    await context.heroku.wait(every * 1000 - (performance.now() - round))
  }
}

/** Dynos that the formation wants; the rest are one-offs, which are nobody's to restart. */
export async function wanted(context, app = context.app) {
  const {body: formation} = await context.heroku.get(`/apps/${app}/formation`)
  const quantity = type => formation.find(entry => entry.type === type)?.quantity ?? 0
  return {formation, isWanted: dyno => Number(/\.(\d+)$/.exec(dyno.name)?.[1] ?? Infinity) <= quantity(dyno.type)}
}

/** Waits until all that is wanted is up, so that what a check sees is its own doing; then the dyno to restart. */
export async function calm(context, type) {
  const {formation, isWanted} = await wanted(context)
  const total = formation.reduce((sum, {quantity}) => sum + quantity, 0)
  for (let began = performance.now(), dynos; ; await context.heroku.wait(2000)) {
    dynos = (await context.heroku.dynos(context.app)).body.filter(isWanted)
    const isCalm = dynos.length === total && dynos.every(({state}) => state === 'up')
    const fits = dynos.find(dyno => dyno.type === type) ?? (type ? undefined : dynos.find(dyno => dyno.type === 'web') ?? dynos[0])
    if (isCalm && !fits) throw new Untold(`the app has no ${type ?? ''} dyno`)
    if (isCalm) return {...fits, isWanted}
    if (performance.now() - began > 240_000)
      throw new Untold(`the app did not come to rest in 4 minutes: ${dynos.map(({name, state}) => `${name} ${state}`).join(', ') || 'no dynos'}`)
  }
}

/** One restart by name that is watched closely, for all who ask about one. */
export const restart = context => context.shared('restart', async () => {
  const before = await calm(context)
  context.see(`before: ${short(before)}`)
  const asked = await context.heroku.send('DELETE', `/apps/${context.app}/dynos/${before.name}`)
  context.see(`DELETE dynos/${before.name}: ${told(asked)} in ${seconds(asked.took)}, body ${JSON.stringify(asked.body)}, Date ${asked.header('date')}; ${scopes(asked)}`)
  const isNew = ({id}) => id !== before.id
  const seen = await watch(context, {
    began: asked.began, every: 0.2, isOne: ({name}) => name === before.name, lasts: 60,
    until: entries => entries.length === 1 && isNew(entries[0]) && entries[0].state === 'up',
  })
  const first = seen.find(({entries}) => entries.some(isNew))
  return {after: first?.entries.find(isNew), asked, before, first, last: seen.at(-1), seen}
})

const restarts = [{
  id: 'restart-identity', question: 'Do id and created_at change with a restart by name?', takes: '10 to 60 s', changes: 'restarts one dyno',
  assumes: 'Yes. If created_at stays, the fuse stops the app after one restart.',
  async run(context) {
    const {after, asked, before} = await restart(context)
    if (!after) return context.says(false, `the id did not change in 60 s; the DELETE was answered ${told(asked)}`)
    const isLater = Date.parse(after.created_at) > Date.parse(before.created_at)
    const ahead = Date.parse(after.created_at) - Date.parse(asked.header('date'))
    context.see(`created_at of the new dyno is ${seconds(ahead)} after the Date of the answer (Date has whole seconds)`)
    return context.says(isLater, `the id changed, created_at ${isLater ? 'moved' : 'stayed'}`)
  },
}, {
  id: 'restart-body', question: 'Does the answer to a restart say anything?', takes: 'with restart-identity', changes: 'restarts one dyno',
  assumes: '202 with {}; it is no success, only a new dyno that is up is.',
  async run(context) {
    const {asked} = await restart(context)
    return context.says(asked.status === 202 && JSON.stringify(asked.body) === '{}', `${told(asked)}, ${shape(asked.body)}`)
  },
}, {
  id: 'restart-shows', question: 'How long after the 202 does the list show the new dyno?', takes: 'with restart-identity', changes: 'restarts one dyno',
  assumes: 'Anything up to --wait-limit (5 min).',
  async run(context) {
    const {after, asked, first, last, seen} = await restart(context)
    if (!first) return context.says(false, 'not within 60 s')
    const absent = seen.some(({entries}) => entries.length === 0)
    const twice = seen.some(({entries}) => entries.length > 1)
    const late = Math.max(0, first.at - asked.took / 1000).toFixed(1)
    return context.says(true, `at most ${late} s after the answer, ${after.state}; ${last.entries[0]?.state} at ${last.at.toFixed(1)} s; ` +
      `${absent ? 'for a while neither was in the list' : 'never without an entry'}, ${twice ? 'two entries at a time' : 'never two'}`)
  },
}, {
  id: 'delete-by-id', question: 'Does a DELETE by id really do nothing?', takes: '60 s', changes: 'may restart one dyno',
  assumes: 'Nothing happens; it is never sent by id.',
  async run(context) {
    const before = await calm(context)
    const asked = await context.heroku.send('DELETE', `/apps/${context.app}/dynos/${before.id}`)
    context.see(`DELETE by id: ${told(asked)}, body ${shape(asked.body)}`)
    const isOther = entries => entries.some(({id}) => id !== before.id)
    const seen = await watch(context, {began: asked.began, isOne: ({name}) => name === before.name, lasts: 60, until: isOther})
    const other = seen.find(({entries}) => isOther(entries))
    return context.says(!other, `${told(asked)}; ${other ? `restarted, in the list after ${other.at.toFixed(1)} s` : 'the dyno stayed as it was for 60 s'}`)
  },
}, {
  id: 'router-after-stop', question: 'Does the router still send requests to a dyno that was asked to stop?', takes: '1 to 2 min',
  changes: 'restarts one web dyno, and asks the app ten times a second', assumes: 'Not modelled: the sandbox stops at once, so none.',
  async run(context) {
    const before = await calm(context, 'web')
    const url = context.heroku.isLoopback ? `${context.heroku.base}/router/${context.app}/` : context.webUrl
    const answers = []
    const poll = setInterval(() => {
      const at = performance.now()
      const keep = status => answers.push({at, status})
      context.heroku.elsewhere(`${url}?live-check=${answers.length}`).then(({status}) => keep(status), () => keep('none'))
    }, 100)
    let asked
    try {
      await context.heroku.wait(3000)
      asked = await context.heroku.send('DELETE', `/apps/${context.app}/dynos/${before.name}`)
      const isUp = entries => entries.length === 1 && entries[0].id !== before.id && entries[0].state === 'up'
      await watch(context, {began: asked.began, every: 0.5, isOne: ({name}) => name === before.name, lasts: 75, until: isUp})
      await context.heroku.wait(10_000)
    } finally {
      clearInterval(poll)
    }
    const counts = [...new Set(answers.map(({status}) => status))].map(status => {
      const times = answers.filter(answer => answer.status === status).map(({at}) => at - asked.began)
      return `${times.length} × ${status} (${seconds(Math.min(...times))} to ${seconds(Math.max(...times))})`
    })
    context.see(`asked from 3 s before the DELETE on; answers: ${counts.join(', ')}`)
    const lines = (await context.heroku.log(context.app, {source: 'heroku'})).map(line => ({at: Date.parse(line.split(' ')[0]), line}))
    const last = text => lines.findLast(({line}) => line.includes(`heroku[${before.name}]: ${text}`))
    const [stop, up] = [last('Stopping all processes with SIGTERM'), last('State changed from starting to up')]
    const routed = lines.filter(({line}) => line.includes('heroku[router]') && line.includes(`dyno=${before.name} `))
    if (!stop || !up || routed.length === 0) throw new Untold('the log has no lines of the router, or none of the stop')
    const late = routed.filter(({at}) => at >= stop.at && at < up.at).map(({at}) => at - stop.at)
    for (const {line} of [stop, up]) context.see(line)
    return context.says(late.length === 0, late.length === 0 ? 'none after SIGTERM'
      : `${late.length} requests went to ${before.name} after SIGTERM, the last ${seconds(Math.max(...late))} after it`)
  },
}, {
  id: 'config-restarts', question: 'Does changing a config var restart the dynos within seconds?', takes: '1 to 2 min',
  changes: 'sets a config var of its own and unsets it again; all dynos restart twice', assumes: 'Yes.',
  async run(context) {
    const {isWanted} = await calm(context)
    const before = new Map((await context.heroku.dynos(context.app)).body.filter(isWanted).map(dyno => [dyno.name, dyno.id]))
    const patch = value => context.heroku.send('PATCH', `/apps/${context.app}/config-vars`, {body: {AUTORESTART_LIVE_CHECK: value}, isSecret: true})
    context.undo.push({says: 'config var AUTORESTART_LIVE_CHECK', byHand: `heroku config:unset AUTORESTART_LIVE_CHECK -a ${context.app}`, run: () => patch(null)})
    const asked = await patch(new Date().toISOString())
    if (asked.status >= 300) throw new Untold(`it was answered ${asked.status}`)
    const isReplaced = ({id, name}) => before.get(name) !== id
    const seen = await watch(context, {
      began: asked.began, every: 0.5, isOne: isWanted, lasts: 120,
      until: entries => entries.length === before.size && entries.every(dyno => isReplaced(dyno) && dyno.state === 'up'),
    })
    const first = seen.find(({entries}) => entries.some(isReplaced))
    const all = seen.find(({entries}) => entries.length >= before.size && entries.every(isReplaced))
    return context.says(all?.at < 60, `first new dyno after ${first?.at.toFixed(1) ?? 'more than 120'} s, all of ${before.size} new after ${all?.at.toFixed(1) ?? 'more than 120'} s`)
  },
}, {
  id: 'updated-at', question: 'Is updated_at the last change of state only?', takes: '5 min', changes: 'nothing',
  assumes: 'Yes: it is how long a dyno has been up.', limit: 8,
  async run(context) {
    const {isWanted} = await calm(context)
    const seen = await watch(context, {every: 30, isOne: isWanted, lasts: 300})
    const pairs = seen.slice(1).flatMap(({entries}, place) => entries.map(dyno => [seen[place].entries.find(({id}) => id === dyno.id), dyno]))
    const moved = pairs.filter(([old, dyno]) => old && old.updated_at !== dyno.updated_at)
    const wrong = moved.filter(([old, dyno]) => old.state === dyno.state)
    return context.says(wrong.length === 0, wrong.length > 0 ? `it moved ${wrong.length} times without another state` : `it ${moved.length > 0 ? `moved ${moved.length} times in 5 min, each with the state` : 'did not move in 5 min, in which no state changed'}`)
  },
}, {
  id: 'preboot-single', question: 'Preboot and the restart of a single web dyno: do two entries share the name, and for how long?', takes: '1 to 6 min', limit: 15,
  changes: 'turns preboot on and back, restarts one web dyno', assumes: 'They may, for up to four minutes; nothing else is restarted meanwhile.',
  async run(context) {
    const before = await calm(context, 'web')
    const path = `/apps/${context.app}/features/preboot`
    const feature = await context.heroku.get(path)
    if (feature.status !== 200) throw new Untold(`preboot was answered ${told(feature)}`)
    const turn = enabled => context.heroku.send('PATCH', path, {body: {enabled}})
    if (!feature.body.enabled) context.undo.push({says: 'preboot off', byHand: `heroku features:disable preboot -a ${context.app}`, run: () => turn(false)})
    const turned = await turn(true)
    if (turned.status !== 200) throw new Untold(`preboot cannot be turned on: ${told(turned)}`)
    const asked = await context.heroku.send('DELETE', `/apps/${context.app}/dynos/${before.name}`)
    context.see(`preboot on; DELETE dynos/${before.name}: ${told(asked)}`)
    let hasShared = false
    const isDone = (entries, at) => {
      hasShared ||= entries.length > 1
      const isNew = entries.length === 1 && entries[0].id !== before.id && entries[0].state === 'up'
      // Where the new dyno takes the old one's place, the old one could still be what comes back.
      return isNew && (hasShared || at > 60)
    }
    const seen = await watch(context, {began: asked.began, isOne: ({name}) => name === before.name, lasts: 300, until: isDone})
    const from = seen.findIndex(({entries}) => entries.length > 1)
    if (from < 0) return context.says(true, `never two entries of ${before.name}; it was ${seen.at(-1).entries[0]?.id === before.id ? 'not restarted in 5 min' : 'replaced in place'}`)
    const end = seen.slice(from).find(({entries}) => entries.length < 2)
    const lasted = (end?.at ?? 300) - seen[from].at
    return context.says(end !== undefined && end.at <= 240, `two entries of ${before.name} for ${lasted.toFixed(0)} s, from +${seen[from].at.toFixed(1)} s${end ? '' : ', and longer'}`)
  },
}]

/** Where a process is that exits at once: a type of the app, or of the app that we made. */
async function crashed(context) {
  const {formation} = await wanted(context)
  const own = formation.find(({command, type}) => type === 'crash' || /^(exit \d+|false)$/.test(command ?? ''))
  const made = own ? undefined : await context.newApp?.()
  if (!own && !made) throw new Untold('no process type exits at once (give it one named crash, "exit 1", or --allow-new-app)')
  const [app, type] = [made?.name ?? context.app, own?.type ?? 'crash']
  const scale = quantity => made?.start({crash: quantity}) ?? context.heroku.send('PATCH', `/apps/${app}/formation`, {body: {updates: [{quantity, type}]}})
  context.undo.push({says: `${type} at ${own?.quantity ?? 0}`, byHand: `heroku ps:scale ${type}=${own?.quantity ?? 0} -a ${app}`, run: () => scale(own?.quantity ?? 0)})
  const scaled = await scale(1)
  if (scaled && scaled.status !== 200) throw new Untold(`${type} cannot be scaled: ${told(scaled)}`)
  const isOne = ({name}) => name === `${type}.1`
  const isDown = entries => entries[0]?.state === 'crashed'
  const seen = await watch(context, {app, isOne, lasts: 120, until: isDown})
  if (!isDown(seen.at(-1).entries)) throw new Untold(`${type}.1 did not crash in 2 minutes`)
  return {app, dyno: seen.at(-1).entries[0], isOne, path: `/apps/${app}/dynos/${type}.1`}
}

const crashes = [{
  id: 'crash-by-hand', question: 'What becomes of a crashed dyno that is restarted by hand?', takes: '2 min', limit: 6,
  changes: 'scales a process type that exits at once to 1 and back, restarts it', assumes: 'Crashed dynos are left alone, so either.',
  async run(context) {
    const {app, dyno, isOne, path} = await crashed(context)
    const asked = await context.heroku.send('DELETE', path)
    context.see(`DELETE of the crashed dyno: ${told(asked)}`)
    const seen = await watch(context, {app, began: asked.began, every: 0.5, isOne, lasts: 60})
    const ids = new Set(seen.flatMap(({entries}) => entries.map(({id}) => id)))
    ids.delete(dyno.id)
    const states = seen.map(({entries}) => entries[0]?.state ?? 'absent')
    return context.says(true, `${ids.size === 0 ? 'the id stayed' : `${ids.size} new ids`} in 60 s; states: ${states.filter((state, place) => state !== states[place - 1]).join(', ')}`)
  },
}, {
  id: 'crash-id', question: 'Does a crashed dyno keep its id when Heroku restarts it?', takes: '16 min', limit: 22,
  changes: 'scales a process type that exits at once to 1 and back', assumes: 'Either: a third id of the same release counts as fallen back from up.',
  async run(context) {
    const {app, isOne} = await crashed(context)
    const seen = await watch(context, {app, every: 3, isOne, lasts: 900})
    const ids = new Set(seen.flatMap(({entries}) => entries.map(({id}) => id)))
    if (seen.length < 2) throw new Untold('Heroku did not restart it in 15 minutes')
    return context.says(true, `${ids.size} ids in 15 min, ${seen.length - 1} changes`)
  },
}]

export const dynoChecks = [...restarts, ...crashes]

export const cycleCheck = {
  id: 'daily-cycle', question: "Does Heroku's daily cycle come 24 h and up to 216 min after a dyno's start, whatever started it?", takes: '--hours, 84 are best', limit: Infinity,
  changes: 'nothing', assumes: 'Yes, spread evenly: plan and set tell chances by that.',
  async run(context) {
    if (!context.hours) throw new Untold('it takes days: give --hours 84')
    const {isWanted} = await calm(context)
    const seen = await watch(context, {every: 120, isOne: isWanted, lasts: context.hours * 3600})
    const pairs = seen.slice(1).flatMap(({entries}, place) => entries.map(dyno => [seen[place].entries.find(({name}) => name === dyno.name), dyno]))
    const cycled = pairs.filter(([old, dyno]) => old && old.id !== dyno.id && old.release.version === dyno.release.version)
    if (cycled.length === 0) throw new Untold(`no dyno was cycled in ${context.hours} h`)
    const ages = cycled.map(([old, dyno]) => (Date.parse(dyno.created_at) - Date.parse(old.created_at)) / 3_600_000)
    return context.says(ages.every(age => age >= 24 && age <= 27.7), `ages in hours: ${ages.map(age => age.toFixed(2)).join(', ')}`)
  },
}
