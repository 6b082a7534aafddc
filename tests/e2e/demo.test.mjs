// Owns: that the demo, which is the first thing that anybody sees, goes through to its end as it says.
import {expect, it, onTestFinished} from 'vitest'
import {heroku} from '../setup.mjs'
import {machine} from './machine.mjs'

it('the demo shows the main job through the Heroku CLI, without an account and without a failure', async () => {
  const {autorestart} = await machine(onTestFinished)
  const {status, stderr, stdout} = await autorestart(['demo', '--cli', heroku])
  expect({status, stderr}).toMatchObject({status: 0})
  const [, ...shown] = stdout.split(/^\$ (?=heroku )/m)
  const commands = shown.map(part => part.split('\n')[0].split(' ')[1])
  const ours = ['', ':plan', ':run', ':run', ':run', ':history'].map(verb => `dynos:autorestart${verb}`)
  expect(commands).toEqual(['ps', 'dynos:autorestart:set', ...ours.slice(0, 3), 'ps', ...ours.slice(3)])

  const [, set, , plan, run, , second, now, history] = shown
  expect(set).toContain('Created schedule default of ⬢ example-app')
  expect(plan).toContain('would restart 3 dynos')
  for (const dyno of ['web.1', 'web.2', 'worker.1']) expect(run).toContain(`${dyno} restarted in `)
  expect(second).toContain('Nothing is due; next occurrence ')
  expect(now).toContain('web.1 restarted in ')
  expect(history.match(/ restarted /g)).toHaveLength(4)
}, 180_000)
