// Owns: that commands.json becomes oclif classes whole: ids, help, flags, completion - and not a flag more.
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {commandClass} from '../src/command.ts'
import {declaredCommands, type DeclaredCommand, type DeclaredFlag, packageRoot} from '../src/declared.ts'
import {COMMANDS, oclifId} from '../src/index.ts'

const flag = (of: Partial<DeclaredFlag>): DeclaredFlag => ({
  aliases: [], char: null, complete: null, group: null, hidden: false, multiple: false,
  name: 'x', options: null, summary: '', type: 'option', value: null, ...of,
})

const declared: DeclaredCommand = {
  app: 'resolve',
  args: [{name: 'name', required: true, summary: 'what to call it'}],
  description: 'Told at length.',
  examples: ['heroku dynos:autorestart:try --app example-app'],
  flags: [
    flag({char: 'a', complete: 'app', name: 'app', summary: 'app to run command against'}),
    flag({char: 'r', complete: 'remote', name: 'remote'}),
    flag({complete: 'process-type', name: 'process-type'}),
    flag({complete: 'dyno', name: 'dyno-name'}),
    flag({aliases: ['every'], group: 'when', name: 'max-uptime', summary: 'how long', value: 'DURATION'}),
    flag({multiple: true, name: 'window'}),
    flag({name: 'format', options: ['unit', 'cron']}),
    flag({hidden: true, name: 'secret', type: 'boolean'}),
  ],
  id: 'try',
  summary: 'try it',
}

describe('commands.json', () => {
  it('gives each command its id, a colon for each level', () => {
    expect(oclifId('')).toBe('dynos:autorestart')
    expect(oclifId('auth setup')).toBe('dynos:autorestart:auth:setup')
    expect(Object.keys(COMMANDS)).toEqual(declaredCommands.map(({id}) => oclifId(id)))
    expect(Object.keys(COMMANDS)).toContain('dynos:autorestart:set')
  })

  it('becomes exactly the flags of each class, without --prompt', () => {
    for (const command of declaredCommands) {
      const built = COMMANDS[oclifId(command.id)]
      expect({...built?.baseFlags, ...built?.flags}).not.toHaveProperty('prompt')
      expect(Object.keys(built?.flags ?? {})).toEqual(command.flags.map(({name}) => name))
    }
  })

  it('has an example with long flags for each command', () => {
    for (const command of declaredCommands) {
      expect(command.examples.length, command.id).toBeGreaterThan(0)
      for (const example of command.examples) expect(example).toMatch(/^heroku dynos:autorestart/)
    }
  })
})

describe('a class', () => {
  const built = commandClass(declared)

  it('carries the help', () => {
    const {description, examples, summary} = built
    expect({description, examples, summary}).toEqual({description: 'Told at length.', examples: declared.examples, summary: 'try it'})
    expect(built.args).toMatchObject({name: {description: 'what to call it', required: true}})
    expect(built.flags).toMatchObject({
      app: {char: 'a', description: 'app to run command against', env: 'HEROKU_APP'},
      format: {options: ['unit', 'cron']},
      'max-uptime': {aliases: ['every'], description: 'how long', helpGroup: 'when', helpValue: 'DURATION'},
      secret: {hidden: true, type: 'boolean'},
      window: {multiple: true},
    })
  })

  it('does not promise HEROKU_APP or a git remote where only a typed --app counts', () => {
    const {app} = commandClass({...declared, app: 'typed'}).flags
    expect(app).toMatchObject({char: 'a', required: false})
    for (const key of ['default', 'defaultHelp', 'env']) expect(app).not.toHaveProperty(key)
  })

  it('completes apps, remotes, process types and dynos', async () => {
    const completion = (name: string) => (built.flags[name] as unknown as {completion?: Completion}).completion
    for (const name of ['app', 'remote', 'process-type', 'dyno-name']) expect(completion(name)?.options, name).toBeTypeOf('function')
    expect(completion('window')).toBeUndefined()
    expect(await completion('dyno-name')?.cacheKey?.({flags: {app: 'example-app'}})).toBe('example-app_dynos')
    // No Procfile lies in this checkout, and the CLI's own completion says so with an empty list.
    const root = join(packageRoot, 'node_modules/heroku')
    expect(await completion('process-type')?.options({config: {root}})).toEqual([])
  })
})

interface Completion {
  cacheKey?(context: unknown): Promise<string>
  options(context: unknown): Promise<string[]>
}
