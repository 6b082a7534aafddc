// Owns: that wrong input is refused by the binary's own words, with exit code 2, and leaves nothing behind.
import {join} from 'node:path'
import {afterAll, afterEach, describe, expect, it} from 'vitest'
import {files, machine} from './machine.mjs'

const here = await machine(afterAll)
const {autorestart, heroku, home, sandbox} = here
const set = ['--app', 'example-app']
const through = (args, options) => heroku([`dynos:autorestart:${args[0]}`, ...args.slice(1)], options)

const wrong = [
  ['an hour that no day has', ['set', ...set, '--at', '25']],
  ['a zone that is only an abbreviation', ['set', ...set, '--at', '07', '--timezone', 'EST']],
  ['no trigger', ['set', ...set]],
  ['a flag that there is not', ['set', ...set, '--at', '07', '--no-such-flag']],
  ['a limit of a roll without --now', ['run', '--settle', '1s']],
  ['--now with nobody to ask', ['run', '--now', ...set]],
]

afterEach(async () => {
  expect(files(join(home, '.config')).filter(({path}) => path.includes('autorestart'))).toEqual([])
  expect(await sandbox.restarts()).toEqual([])
})

describe('wrong input', () => {
  it.each(wrong)('%s is refused in the words of the binary alone, and as one JSON document', async (_, args) => {
    const asJson = [...args, '--json']
    const [shim, shimJson, alone, aloneJson] = await Promise.all([through(args), through(asJson), autorestart(args), autorestart(asJson)])
    for (const run of [shim, alone]) expect(run).toMatchObject({status: 2, stdout: ''})
    expect(shim.stderr).toMatch(/^Error: .+/)
    expect(inOneTongue(shim.stderr)).toBe(inOneTongue(alone.stderr))

    for (const run of [shimJson, aloneJson]) expect(run).toMatchObject({status: 2, stderr: ''})
    const document = JSON.parse(shimJson.stdout)
    expect(document).toEqual({error: {code: 'usage', hint: expect.any(String), id: null, message: expect.any(String)}})
    expect(document.error.message).toBe(JSON.parse(aloneJson.stdout).error.message)
    expect(shim.stderr).toContain(`Error: ${document.error.message}\n`)
  })

  it('an app that there is not is told in the words of the API', async () => {
    const run = await through(['set', '--app', 'no-such-app', '--at', '07'])
    expect(run).toMatchObject({status: 1, stdout: ''})
    expect(run.stderr).toContain("Couldn't find that app.")
  })
})

/** Hints name a command as it is typed where it was asked. */
const inOneTongue = text => text.replaceAll(/heroku dynos:autorestart(?::(\w+))?/g, (_, verb) => ['autorestart', verb].filter(Boolean).join(' '))
