// Owns: what `plan` shows of a New York schedule around both nights in which clocks change, at a terminal and as JSON.
import {describe, expect, it, onTestFinished} from 'vitest'
import {missing} from '../setup.mjs'
import {herokuWords, machine} from './machine.mjs'
import {terminal} from './screen.mjs'

const schedule = ['--at', '02:30', '--timezone', 'America/New_York', '--window', '01:00-06:00', '--window', 'sat 22:00-23:00', '--except', '2026-03-10,2026-11-03']

async function newYork(whenDone, clock) {
  const here = await machine(whenDone, {clock})
  const set = await here.heroku(['dynos:autorestart:set', '--app', 'example-app', ...schedule])
  expect(set, set.stderr).toMatchObject({status: 0})
  return here
}

describe.skipIf(process.platform === 'win32' || missing('tmux').length > 0)('at a terminal', () => {
  const shown = async clock => {
    const here = await newYork(onTestFinished, clock)
    const {sees} = terminal(onTestFinished, here, herokuWords(['dynos:autorestart:plan']))
    return sees('exit code 0')
  }

  it('in spring, the time that does not exist is marked and explained, and the week is drawn', async () => {
    const screen = await shown('2026-03-07T12:00:00Z')
    expect(screen).toMatch(/^ {2}Mon 09 Mar 2026 02:30 EDT -04:00 {2}06:30 UTC/m)
    expect(screen).toMatch(/^ !Sun 08 Mar 2026 03:00 EDT -04:00 {2}07:00 UTC {2}\(in 1[89]h/m)
    expect(screen.replaceAll(/\s+/g, ' ')).toContain('02:30 does not exist that day, since clocks go from 02:00 to 03:00: it runs at 03:00')
    expect(screen).toMatch(/^ ×Tue 10 Mar 2026 02:30 EDT {2}void: except 10 March 2026$/m)
    // 02:00 and 02:30 are no half hours of that day; 03:00 is the restart.
    expect(screen).toMatch(/^ {2}Sun 08 Mar ··░░··●░░░░░·+/m)
    expect(screen).toMatch(/^ {2}Tue 10 Mar ×{5}~{8}×+$/m)
  })

  it('in autumn, the hour more is explained, with what Heroku may do in it', async () => {
    const screen = await shown('2026-10-31T12:00:00Z')
    expect(screen).toMatch(/^ !Sun 01 Nov 2026 02:30 EST -05:00 {2}07:30 UTC/m)
    expect(screen).toContain('clocks go back 1h on Sun 1 Nov at 02:00')
    expect(screen.replaceAll(/\s+/g, ' ')).toContain("Heroku's own daily cycle fires between Tue 03 Nov 02:30 and 06:06 EST: 2d pass from Mon 02 Nov 2026 02:30 EST to the next restart")
    expect(screen).toMatch(/^ {2}Tue 03 Nov ×+~+×+$/m)
    expect(screen).toMatch(/● restart {3}~ Heroku's cycle {3}× blackout {3}░ window/)
  })
})

describe('as JSON', () => {
  it('has each occurrence with its offset and the sentence, what is void, and where Heroku\'s cycle may fire', async () => {
    const here = await newYork(onTestFinished, '2026-10-31T12:00:00Z')
    const plan = await here.heroku(['dynos:autorestart:plan', '--next', '3', '--json'])
    const document = JSON.parse(plan.stdout)
    expect(document.occurrences.map(({local, note, offset, utc}) => ({local, note, offset, utc}))).toEqual([
      {local: '2026-11-01T02:30:00-05:00[America/New_York]', note: 'clocks go back 1h on Sun 1 Nov at 02:00', offset: '-05:00', utc: '2026-11-01T07:30:00Z'},
      {local: '2026-11-02T02:30:00-05:00[America/New_York]', note: null, offset: '-05:00', utc: '2026-11-02T07:30:00Z'},
      {local: '2026-11-04T02:30:00-05:00[America/New_York]', note: null, offset: '-05:00', utc: '2026-11-04T07:30:00Z'},
    ])
    expect(document.void).toMatchObject([{app: 'example-app', count: 1, first: '2026-11-03T07:30:00Z', reason: 'blackout'}])
    expect(document.daily_cycle.map(({dyno, verdict}) => [dyno, verdict])).toEqual([['web.1', 'may_fire'], ['web.2', 'may_fire'], ['worker.1', 'may_fire']])
    expect(document.daily_cycle_gaps[0]).toMatchObject({schedule: 'default', restart: '2026-11-01T07:30:00Z', next: '2026-11-02T07:30:00Z'})
  })
})
