// Owns: memory through the real Heroku CLI: its log, what `set` says and turns on, `status` at a terminal and as a picture,
// a restart by `run`, and `simulate` on the log that the CLI saved.
import {readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {missing} from '../setup.mjs'
import {herokuWords, machine, until} from './machine.mjs'
import {terminal} from './screen.mjs'

const scenario = metrics => `
[[app]]
name = "example-app"
metrics = ${metrics}
habits = {boot = "2s"}
[[app.formation]]
type = "web"
quantity = 2
up-for = "4h"
leak = {from = 180, per-hour = 60}
`

describe('of a leaking app', () => {
  let here
  const after = []
  beforeAll(async () => {
    here = await machine(done => after.push(done), {clock: '2026-03-02T07:00:00Z', scenario: scenario(true)})
    // An hour of samples; the binary's clock goes with Heroku's.
    for (const _ of Array.from({length: 6})) await here.sandbox.patch('/sandbox', {advance: '10m'})
    here.env['AUTORESTART_CLOCK'] = '2026-03-02T08:00:05Z'
    return async () => {
      for (const done of after.toReversed()) await done()
    }
  })

  it('the CLI shows samples, and simulate reads what it saved', async () => {
    const log = await here.heroku(['logs', '--app', 'example-app', '--source', 'heroku', '--num', '1500'])
    expect(log.stdout).toMatch(/heroku\[web\.1]: source=web\.1 dyno=heroku\.\d+\.[0-9a-f-]{36} sample#memory_total=/)
    const saved = join(here.home, 'saved.log')
    writeFileSync(saved, log.stdout)
    const simulated = await here.heroku(['dynos:autorestart:simulate', '--file', saved, '--policy', '--memory 85%', '--json'])
    const {policies, samples} = JSON.parse(simulated.stdout)
    expect(samples).toBeGreaterThan(300)
    expect(policies.map(({policy}) => policy)).toEqual(['as recorded', '--memory 85%'])
    expect(policies[1].restarts.map(({trigger}) => trigger)).toEqual(['memory', 'memory'])
    const wrong = await here.heroku(['dynos:autorestart:simulate', '--file', saved, '--policy', '--memory 450'])
    expect(wrong).toMatchObject({status: 2, stdout: ''})
    expect(wrong.stderr).toContain("--policy '--memory 450'")
  })

  it('set, status, run and history tell of it', async () => {
    const set = await here.heroku(['dynos:autorestart:set', '--app', 'example-app', '--memory', '90%'])
    expect(set).toMatchObject({status: 0})
    expect(set.stdout).toContain('all dynos restart when memory stays at 90% of the quota or more, one of a process type at a time')
    expect(set.stderr).not.toContain('log-runtime-metrics is off')
    const picture = join(here.home, 'memory.svg')
    const status = await here.heroku(['dynos:autorestart:status', '--app', 'example-app', '--svg', picture, '--json'])
    const {dynos} = JSON.parse(status.stdout)
    expect(dynos.map(({dyno, outlook}) => [dyno, outlook])).toEqual([['web.1', 'grows'], ['web.2', 'grows']])
    expect(dynos[0].per_hour / 2 ** 20).toBeCloseTo(60, -1)
    const svg = readFileSync(picture, 'utf8')
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/)
    expect(svg).toContain('quota 512')
    const run = await here.heroku(['dynos:autorestart:run', '--json'])
    const {steps} = JSON.parse(run.stdout)
    expect(steps.toSorted((a, b) => a.dyno.localeCompare(b.dyno))).toMatchObject([
      {dyno: 'web.1', outcome: 'restarted', trigger: 'memory'},
      {dyno: 'web.2', outcome: 'restarted', trigger: 'memory'},
    ])
    const history = await here.heroku(['dynos:autorestart:history', '--json'])
    expect(JSON.parse(history.stdout).every(({memory_before}) => memory_before > 460 * 2 ** 20)).toBe(true)
  })
})

describe.skipIf(process.platform === 'win32' || missing('tmux').length > 0)('at a terminal', () => {
  it('status fits 80 columns, and charts each dyno with its quota', async () => {
    const after = []
    const here = await machine(done => after.push(done), {clock: '2026-03-02T07:00:00Z', scenario: scenario(true)})
    for (const _ of Array.from({length: 6})) await here.sandbox.patch('/sandbox', {advance: '10m'})
    const env = {AUTORESTART_CLOCK: '2026-03-02T08:00:05Z'}
    const {sees} = terminal(done => after.push(done), here, herokuWords(['dynos:autorestart:status', '--app', 'example-app']), env)
    const screen = await sees('exit code 0')
    expect(screen).toMatch(/^ web\.1 +4h\S* +4\d\d\/512 MB +█+\S*·* +9\d% +\+\d\d MB\/h/m)
    expect(screen).toMatch(/^ {2}512 MB ─+/m)
    expect(screen).toMatch(/^ {4}0 MB █+/m)
    for (const done of after.toReversed()) await done()
  })

  it('a status that stays keeps to a small window, and says when it is old', async () => {
    const after = []
    const clock = '2026-03-02T07:00:00Z*60'
    const here = await machine(done => after.push(done), {clock, scenario: scenario(true)})
    const schedules = join(here.home, 'some.toml')
    const right = 'version = 1\n[[schedule]]\napp = "example-app"\nmemory = "90%"\n'
    writeFileSync(schedules, right)
    const words = ['dynos:autorestart:status', '--app', 'example-app', '--watch', '--schedules', schedules]
    const {screen, sees} = terminal(done => after.push(done), here, herokuWords(words), {AUTORESTART_CLOCK: clock}, 24)
    await sees('a taller window has room for')
    expect(screen()).toMatch(/^⬢ example-app/)
    writeFileSync(schedules, 'garbage [[')
    const old = await sees('not up to date:')
    expect(old).toMatch(/^⬢ example-app[^]+web\.2[^]+not up to date: \S+some\.toml:1/)
    writeFileSync(schedules, right)
    await until('it is up to date', () => !screen().includes('not up to date'))
    expect(screen()).toMatch(/^⬢ example-app/)
    for (const done of after.toReversed()) await done()
  })

  it('set asks whether to turn log-runtime-metrics on, and does', async () => {
    const after = []
    const here = await machine(done => after.push(done), {clock: '2026-03-02T07:00:00Z', scenario: scenario(false)})
    const words = ['dynos:autorestart:set', '--app', 'example-app', '--memory', 'auto']
    const {sees, type} = terminal(done => after.push(done), here, herokuWords(words))
    await sees('Turn log-runtime-metrics on for ⬢ example-app? It restarts nothing')
    type('y', 'Enter')
    await sees('log-runtime-metrics is on for ⬢ example-app')
    const feature = await here.sandbox.get('/apps/example-app/features/log-runtime-metrics')
    expect(feature.enabled).toBe(true)
    for (const done of after.toReversed()) await done()
  })
})

it('in a script, set says what is missing, and turns it on where it is told to', async () => {
  const after = []
  const here = await machine(done => after.push(done), {scenario: scenario(false)})
  const words = ['dynos:autorestart:set', '--app', 'example-app', '--memory', '90%']
  const told = await here.heroku(words)
  expect(told.stderr).toContain('log-runtime-metrics is off on ⬢ example-app')
  const done = await here.heroku([...words, '--enable-metrics'])
  expect(done.stderr).toContain('log-runtime-metrics is on for ⬢ example-app')
  for (const end of after.toReversed()) await end()
})
