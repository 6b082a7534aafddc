// Owns: the live checks that need an app of their own (--allow-new-app): a slug made through the API, as `deploy` does it.
import {createHash, randomBytes} from 'node:crypto'
import {readFileSync} from 'node:fs'
import {gzipSync} from 'node:zlib'
import {watch} from './dynos.mjs'
import {told, Untold} from './heroku.mjs'

const MARK = 'autorestart-live-check'
/** As the log has it; the command that is told there has it too. */
const SAID = `app[runner.1]: ${MARK}`
/** Scripts, since a command may be run as it stands or by a shell that makes way for its first word. */
const SCRIPTS = {
  crash: 'exit 1',
  leaves: "trap 'exit 130' TERM\nwhile :; do sleep 1; done",
  runner: `echo ${MARK} $(date +%s) $(./bin/autorestart --version 2>&1 | head -1)\nexec sleep 86400`,
}
const TYPES = Object.fromEntries(Object.keys(SCRIPTS).map(type => [type, `sh bin/${type}`]))

/** A slug is a tar of ./app; there is nothing in it but the binary, or what stands in for it. */
function slug(binary = process.env['AUTORESTART_BINARY']) {
  const program = binary ? readFileSync(binary) : Buffer.from('#!/bin/sh\necho no binary: AUTORESTART_BINARY was not set\n')
  const scripts = Object.entries(SCRIPTS).flatMap(([type, text]) => entry(`./app/bin/${type}`, Buffer.from(`${text}\n`)))
  return gzipSync(Buffer.concat([...entry('./app/'), ...entry('./app/bin/'), ...entry('./app/bin/autorestart', program), ...scripts, Buffer.alloc(1024)]))
}

function entry(name, data) {
  const header = Buffer.alloc(512)
  const octal = (value, length) => `${value.toString(8).padStart(length - 1, '0')}\0`
  header.write(name, 0)
  header.write(octal(0o755, 8) + octal(0, 8) + octal(0, 8) + octal(data?.length ?? 0, 12) + octal(0, 12) + '        ' + (data ? '0' : '5'), 100)
  header.write('ustar\x0000', 257)
  header.write(`${octal(header.reduce((sum, byte) => sum + byte), 7)} `, 148)
  return data ? [header, data, Buffer.alloc(-data.length & 511)] : [header]
}

async function release(context, app, stack) {
  const {heroku} = context
  const blob = slug()
  const checksum = `SHA256:${createHash('sha256').update(blob).digest('hex')}`
  const made = await heroku.send('POST', `/apps/${app}/slugs`, {body: {checksum, process_types: TYPES, stack}})
  if (made.status !== 201) throw new Untold(`a slug of ${stack} was answered ${told(made)}`)
  heroku.hide(made.body.blob.url)
  // It is signed for no Content-Type at all.
  const stored = await heroku.elsewhere(made.body.blob.url, {body: blob, method: made.body.blob.method.toUpperCase()})
  if (stored.status !== 200) throw new Untold(`the upload of the slug was answered ${stored.status}`)
  const released = await heroku.send('POST', `/apps/${app}/releases`, {body: {slug: made.body.id}})
  context.see(`${stack}: slug ${told(made)}, ${blob.length} bytes, upload ${stored.status}, release ${told(released)} v${released.body?.version}`)
  if (released.status !== 201) throw new Untold(`the release was answered ${told(released)}`)
  return {checksum, release: released.body, slug: made.body.id}
}

/** One app for all of these; it is destroyed at the end. */
export const newApp = context => context.shared('new app', async () => {
  const {heroku} = context
  const name = `live-check-${randomBytes(6).toString('hex')}`
  heroku.rename(name, '$NEW')
  // Noted before it is asked for: an answer that is lost leaves one behind all the same.
  const destroy = () => heroku.send('DELETE', `/apps/${name}`, {isSecret: true})
  context.undo.push({byHand: `heroku apps:destroy ${name} --confirm ${name}`, isDone: ({status}) => status === 404, isKept: true, run: destroy, says: `app ${name}`})
  const made = await heroku.send('POST', '/apps', {body: {name, stack: 'heroku-24'}})
  if (made.status !== 201) throw new Untold(`an app was answered ${told(made)}`)
  const first = await release(context, name, 'heroku-24')
  const {body: formation} = await heroku.get(`/apps/${name}/formation`)
  const sizes = formation.map(({dyno_size: size, quantity, type}) => `${type} ${quantity} ${size?.name}`)
  context.see(`formation at once: ${sizes.join(', ') || 'none'}`)
  return {...first, formation, name, start: quantities => start(context, name, quantities)}
})

/** In one request, since a size of one type may not go with that of another. */
async function start(context, app, quantities) {
  const updates = Object.keys(TYPES).map(type => ({dyno_size: {name: 'Basic'}, quantity: quantities[type] ?? 0, type}))
  const scaled = await context.heroku.send('PATCH', `/apps/${app}/formation`, {body: {updates}})
  if (scaled.status !== 200) throw new Untold(`Basic dynos were answered ${told(scaled)}`)
}

const isUp = entries => entries.length === 1 && entries[0].state === 'up'

const checks = [{
  id: 'new-formation', question: 'What is the formation of a new app after its first release: is runner there, with quantity 0, and which size?', assumes: 'It is there; quantity and size are set in one request.',
  async run(context) {
    const {formation} = await newApp(context)
    const runner = formation.find(({type}) => type === 'runner')
    return context.says(Boolean(runner), runner ? `quantity ${runner.quantity}, size ${runner.dyno_size?.name ?? runner.size}` : 'runner is not there')
  },
}, {
  id: 'new-checksum', question: "Is a slug's checksum told as it was given?", assumes: 'Yes. If not, each deploy releases again.',
  async run(context) {
    const {checksum, name, slug: id} = await newApp(context)
    const {body} = await context.heroku.get(`/apps/${name}/slugs/${id}`)
    return context.says(body.checksum === checksum, `given SHA256:${checksum.slice(7, 15)}…, told ${String(body.checksum).slice(0, 15)}…`)
  },
}, {
  id: 'new-release', question: "Is a release listed with its slug's id, and with current?", assumes: 'Yes. If not, each deploy releases again.',
  async run(context) {
    const {name, release: made, slug: id} = await newApp(context)
    const listed = (await context.heroku.all(`/apps/${name}/releases`)).find(({id: one}) => one === made.id)
    return context.says(listed?.slug?.id === id && listed.current === true, `slug ${listed?.slug?.id === id ? 'as released' : listed?.slug?.id ?? 'absent'}, current ${listed?.current}, status ${listed?.status}`)
  },
}, {
  id: 'new-log', question: 'Does a log session without a tail hold the last 1,500 lines within seconds of their being printed?', takes: '1 to 4 min', assumes: 'Within three minutes.',
  async run(context) {
    const {name} = await newApp(context)
    await start(context, name, {runner: 1})
    const began = performance.now()
    await watch(context, {app: name, isOne: ({type}) => type === 'runner', lasts: 120, until: isUp})
    while (performance.now() - began < 200_000) {
      const line = (await context.heroku.log(name)).find(text => text.includes(SAID))
      if (line) {
        const late = (Date.now() - Number(line.split(`${MARK} `)[1].split(' ')[0]) * 1000) / 1000
        context.see(line)
        return context.says(late < 180, `at most ${late.toFixed(0)} s after it was printed (looked every 2 s from "up" on)`)
      }
      await context.heroku.wait(2000)
    }
    return context.says(false, 'not within 200 s of the scaling')
  },
}, {
  id: 'new-boot', question: 'Does a slug that is made, uploaded and released through the API boot at once on heroku-22, -24 and -26?', takes: '3 to 6 min', limit: 12,
  assumes: 'Yes: ./bin/autorestart is there, and is linked statically (told only with AUTORESTART_BINARY).',
  async run(context) {
    const {name} = await newApp(context)
    const words = []
    for (const stack of ['heroku-22', 'heroku-24', 'heroku-26']) {
      const changed = await context.heroku.send('PATCH', `/apps/${name}`, {body: {build_stack: stack}})
      context.see(`build_stack ${stack}: ${told(changed)}`)
      const {release: {version}} = await release(context, name, stack)
      await start(context, name, {runner: 1})
      const isOne = dyno => dyno.type === 'runner' && dyno.release.version >= version
      const seen = await watch(context, {app: name, isOne, lasts: 120, until: isUp})
      await context.heroku.wait(10_000)
      const line = (await context.heroku.log(name)).findLast(text => text.includes(SAID))
      context.see(`last said: ${line ?? 'nothing'}`)
      words.push({isUp: isUp(seen.at(-1).entries), text: `${stack} ${isUp(seen.at(-1).entries) ? `up after ${seen.at(-1).at.toFixed(0)} s` : 'not up in 120 s'}`})
    }
    return context.says(words.every(word => word.isUp), words.map(({text}) => text).join(', '))
  },
}, {
  id: 'new-exit-130', question: 'Which exit code does Heroku make of a watch that leaves with 130 on SIGTERM?', takes: '1 to 2 min', assumes: 'It is not counted as a crash.',
  async run(context) {
    const {name} = await newApp(context)
    await start(context, name, {leaves: 1})
    const isOne = ({type}) => type === 'leaves'
    const before = (await watch(context, {app: name, isOne, lasts: 120, until: isUp})).at(-1).entries[0]
    if (before?.state !== 'up') throw new Untold('the process that would leave did not come up')
    const asked = await context.heroku.send('DELETE', `/apps/${name}/dynos/leaves.1`)
    const until = entries => isUp(entries) && entries[0].id !== before.id
    const seen = await watch(context, {app: name, began: asked.began, every: 0.5, isOne, lasts: 60, until})
    await context.heroku.wait(10_000)
    const lines = (await context.heroku.log(name, {source: 'heroku'})).filter(line => /\[leaves\.1\]: .*(exited|crashed|State changed)/.test(line))
    for (const line of lines.slice(-6)) context.see(line)
    const hasCrashed = seen.some(({entries}) => entries.some(({state}) => state === 'crashed')) || lines.some(line => line.includes('to crashed'))
    const status = lines.findLast(line => line.includes('exited with status'))?.split('exited with ')[1]
    return context.says(!hasCrashed && until(seen.at(-1).entries), `${status ?? 'no exit is told'}; ${hasCrashed ? 'counted as a crash' : until(seen.at(-1).entries) ? 'it started again at once' : 'it did not start again in 60 s'}`)
  },
}]

export const newAppChecks = checks.map(check => ({changes: 'makes an app with Basic dynos and destroys it', needsNewApp: true, takes: '10 s', ...check}))
