// Owns: that the CLI's own help shows our commands as it shows Heroku's.
import {afterAll, describe, expect, it} from 'vitest'
import {machine} from './machine.mjs'

const {autorestart, heroku} = await machine(afterAll)
const shown = async args => {
  const {status, stderr, stdout} = await heroku(args)
  expect({status, stderr}).toEqual({status: 0, stderr: ''})
  return stdout
}
/** The lines below a heading of the help. */
const section = (help, heading) => help.split(/^(?=[A-Z][A-Z ]+$)/m).find(part => part.startsWith(`${heading}\n`)) ?? ''

describe('heroku help', () => {
  it('lists the sub-commands, each with a line of its own', async () => {
    const help = await shown(['help', 'dynos:autorestart'])
    const lines = section(help, 'COMMANDS').matchAll(/^ {2}dynos:autorestart:(\S+) {2,}(.+)$/gm)
    const summaries = Object.fromEntries([...lines].map(([, id, summary]) => [id, summary]))
    for (const id of ['set', 'remove', 'pause', 'resume', 'plan', 'run', 'history']) expect(summaries).toHaveProperty(id)
    for (const id of ['sandbox', 'demo', 'commands', 'completions']) expect(summaries).not.toHaveProperty(id)
    expect(new Set(Object.values(summaries)).size, `one summary for each: ${JSON.stringify(summaries, null, 2)}`).toBe(Object.keys(summaries).length)
  })

  it('shows the topic among those of dynos', async () => {
    expect(await shown(['help', 'dynos'])).toContain('dynos:autorestart')
  })

  it('of set shows flags in their groups, and examples', async () => {
    const help = await shown(['dynos:autorestart:set', '--help'])
    const flags = heading => [...section(help, heading).matchAll(/^ {2}(?:-., |    )?--([a-z-]+)/gm)].map(([, name]) => name)
    expect(flags('FLAGS')).toEqual(expect.arrayContaining(['app', 'dyno-name', 'json', 'name', 'process-type', 'remote', 'schedules']))
    expect(flags('SEVERAL APPS FLAGS').sort()).toEqual(['apps', 'apps-matching', 'pipeline', 'stage', 'team'])
    expect(flags('WHEN FLAGS')).toEqual(expect.arrayContaining(['at', 'days', 'max-uptime', 'timezone']))
    expect(flags('ONLY WHEN FLAGS')).toEqual(expect.arrayContaining(['busy-max', 'busy-url', 'ignore-incident', 'min-uptime']))
    expect(flags('HOW FLAGS').sort()).toEqual(['check-url', 'max-unavailable', 'notify', 'settle', 'wait-limit'])
    expect(section(help, 'EXAMPLES')).toContain('$ heroku dynos:autorestart:set --app example-app --at 07,14')
    expect(help).not.toContain('--prompt')
  })

  it('of every command has at least one example with long flags', async () => {
    const {stdout} = await autorestart(['commands', '--json'])
    await Promise.all(JSON.parse(stdout).commands.map(async ({examples, id}) => {
      const help = await shown([['dynos:autorestart', ...id.split(' ').filter(Boolean)].join(':'), '--help'])
      const folded = section(help, 'EXAMPLES').replaceAll(/\s+/g, ' ')
      expect(examples.length, id).toBeGreaterThan(0)
      for (const example of examples) expect(folded).toContain(`$ ${example}`)
      expect(examples.join(' ')).not.toMatch(/ -[a-z]\b/)
    }))
  })
})
