// Owns: the main job from one end to the other: a schedule is set, shown, planned, run, run again and looked back on.
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {machine} from './machine.mjs'

const app = '/apps/example-app'
const here = await machine(afterAll)
const {heroku, sandbox} = here
const did = {}
let before, minute

beforeAll(async () => {
  before = await sandbox.get(`${app}/dynos`)
  minute = await sandbox.minute()
  const at = ['--at', minute, '--timezone', 'UTC', '--settle', '1s']
  did.set = await heroku(['dynos:autorestart:set', '--app', 'example-app', ...at])
  did.list = await heroku(['dynos:autorestart', '--json'])
  did.plan = await heroku(['dynos:autorestart:plan', '--json'])
  did.run = await heroku(['dynos:autorestart:run', '--json'])
  did.after = await sandbox.get(`${app}/dynos`)
  did.record = await sandbox.get('/sandbox/record')
  did.second = await heroku(['dynos:autorestart:run', '--json'])
  did.recordOfSecond = await sandbox.get('/sandbox/record')
  did.history = await heroku(['dynos:autorestart:history', '--json'])
})

const json = ({status, stderr, stdout}) => {
  expect({status, stderr}).toMatchObject({status: 0})
  return JSON.parse(stdout)
}
const occurrence = () => new Date(`${did.record.now.slice(0, 10)}T${minute}:00Z`).toISOString().replace('.000', '')
const idOf = (dynos, name) => dynos.find(dyno => dyno.name === name)?.id

describe('the job', () => {
  it('set names the app, says what was understood, and that nothing runs it yet', () => {
    const {status, stderr, stdout} = did.set
    expect({status, stderr}).toMatchObject({status: 0})
    expect(stderr).toContain('Setting schedule default on ⬢ example-app...')
    expect(stderr).toContain('Nothing runs these schedules')
    expect(stdout).toContain(`Created schedule default of ⬢ example-app: all dynos restart at ${minute}, UTC, one of a process type at a time`)
    expect(stdout.match(/^ {2}(next|then) /gm)).toHaveLength(3)
  })

  it('the list shows the schedule and its next occurrence', () => {
    const list = json(did.list)
    expect(list).toMatchObject([{app: 'example-app', name: 'default', paused: false, timezone: 'UTC', triggers: {at: minute}}])
    expect(new Date(list[0].next) - new Date(occurrence())).toBe(24 * 3_600_000)
  })

  it('the plan is to restart the three dynos of the formation, and why not the others', () => {
    const plan = json(did.plan)
    expect(plan.steps.map(({dyno}) => dyno).sort()).toEqual(['web.1', 'web.2', 'worker.1'])
    expect(plan.skips.map(({dyno, reason}) => [dyno, reason]).sort()).toEqual([['run.7', 'not_in_formation'], ['worker.4021', 'not_in_formation']])
    expect(plan.occurrences.length).toBeGreaterThan(0)
  })

  it('run restarts what was planned, and says of each what became of it', () => {
    const run = json(did.run)
    expect(run.steps).toHaveLength(3)
    for (const step of run.steps) {
      expect(step).toMatchObject({app: 'example-app', error: null, outcome: 'restarted', schedule: 'default', trigger: 'calendar'})
      expect(step.occurrence).toBe(occurrence())
      expect(step.old_id).toBe(idOf(before, step.dyno))
      expect(step.new_id).toBe(idOf(did.after, step.dyno))
      expect(step.took_ms).toBeGreaterThan(0)
    }
    expect(run).toMatchObject({api: {remaining: expect.any(Number), requests: expect.any(Number)}, missed: []})
  })

  it('Heroku saw each dyno of the formation replaced exactly once, on request', () => {
    const {requests, restarts} = did.record
    expect(restarts.map(({cause, dyno, new_id, old_id}) => ({cause, dyno, new_id, old_id})).sort((a, b) => (a.dyno < b.dyno ? -1 : 1))).toEqual(
      ['web.1', 'web.2', 'worker.1'].map(dyno => ({cause: 'request', dyno, new_id: idOf(did.after, dyno), old_id: idOf(before, dyno)})),
    )
    expect(requests.filter(({method}) => method === 'DELETE')).toHaveLength(3)
  })

  it('never was more than one dyno of a process type down, and the first restart went alone', () => {
    const {restarts} = did.record
    expect(restarts.map(({down}) => down)).toEqual([1, 1, 1])
    // A dyno of the leaky shop boots for two seconds, and was to stay up for one.
    expect(new Date(restarts[1].at) - new Date(restarts[0].at)).toBeGreaterThan(2_000)
    const [first, second] = restarts.filter(({process_type}) => process_type === 'web')
    expect(new Date(second.at) - new Date(first.at)).toBeGreaterThan(2_000)
  })

  it('the one-offs are the very dynos they were', () => {
    for (const name of ['run.7', 'worker.4021']) expect(did.after.find(dyno => dyno.name === name)).toEqual(before.find(dyno => dyno.name === name))
  })

  it('a second run finds nothing to do, and asks for nothing', () => {
    expect(json(did.second)).toMatchObject({missed: [], steps: []})
    expect(did.recordOfSecond.restarts).toEqual(did.record.restarts)
  })

  it('the history has what happened, once', () => {
    const history = json(did.history)
    expect(history.map(({dyno, outcome}) => [dyno, outcome]).sort()).toEqual([['web.1', 'restarted'], ['web.2', 'restarted'], ['worker.1', 'restarted']])
  })
})
