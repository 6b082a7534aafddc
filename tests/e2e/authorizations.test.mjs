// Owns: that the real Heroku CLI's commands for authorizations work against the simulated Heroku, as they do against Heroku:
// this is how the simulation is held to something else than our client.
import {describe, expect, it, onTestFinished} from 'vitest'
import {missing} from '../setup.mjs'
import {herokuWords, machine} from './machine.mjs'
import {terminal} from './screen.mjs'

const token = 'HRKU-7d1f0c3e-5a8b-4e6f-b2a9-90c1d2e3f405'
const scenario = (user = '') => `account = "me@example.com"
token = "${token}"
[[user]]
email = "me@example.com"
${user}
[[app]]
name = "example-app"
[[app.formation]]
type = "web"
quantity = 1
`

const here = user => machine(onTestFinished, {env: {HEROKU_API_KEY: token}, scenario: scenario(user)})
const as = (place, key) => (args, options) => place.heroku(args, {env: {HEROKU_API_KEY: key}, ...options})

describe('the Heroku CLI against the sandbox', () => {
  it('creates an authorization whose token has its scope and no more, lists, rotates and revokes it', async () => {
    const place = await here()
    const {heroku} = place
    const made = await heroku(['authorizations:create', '--description', 'for a test', '--scope', 'write', '--expires-in', '3600', '--json'])
    expect(made).toMatchObject({status: 0})
    const {access_token, id} = JSON.parse(made.stdout)
    expect(access_token.token).toMatch(/^HRKU-AA/)

    // A write token reads and restarts, and reads neither config vars nor the account.
    const limited = as(place, access_token.token)
    expect(await limited(['features', '--app', 'example-app'])).toMatchObject({status: 0})
    expect(await limited(['ps:restart', '--app', 'example-app', '--dyno-name', 'web.1'])).toMatchObject({status: 0})
    const config = await limited(['config', '--app', 'example-app'])
    expect(config.status).not.toBe(0)
    expect(config.stderr).toContain('scopes')
    expect((await limited(['whoami'])).status).not.toBe(0)

    // Lists do not show it.
    const list = await heroku(['authorizations', '--json'])
    expect(list).toMatchObject({status: 0})
    expect(list.stdout).not.toContain(access_token.token)
    expect(list.stdout).toContain('**********')
    const info = await heroku(['authorizations:info', id])
    expect(info.stdout).toContain('for a test')
    expect(info.stdout).not.toContain(access_token.token)

    // Rotated: the old token is dead at once.
    const rotated = await heroku(['authorizations:rotate', id])
    expect(rotated).toMatchObject({status: 0})
    const [fresh] = rotated.stdout.match(/HRKU-AA\S+/)
    expect((await limited(['features', '--app', 'example-app'])).status).not.toBe(0)
    expect(await as(place, fresh)(['features', '--app', 'example-app'])).toMatchObject({status: 0})

    const revoked = await heroku(['authorizations:revoke', id])
    expect(revoked).toMatchObject({status: 0})
    expect(revoked.stderr).toContain('for a test')
    expect((await as(place, fresh)(['features', '--app', 'example-app'])).status).not.toBe(0)
    expect((await heroku(['authorizations:info', id])).stderr).toContain("Couldn't find that authorization")
  })

  it('creates one that is global where no scope is named, and none for an account with SSO', async () => {
    const place = await here()
    const made = await place.heroku(['authorizations:create', '--json'])
    expect(JSON.parse(made.stdout)).toMatchObject({access_token: {expires_in: null}, scope: ['global']})
    await place.sandbox.patch('/sandbox/users/me@example.com', {sso: true})
    const refused = await place.heroku(['authorizations:create', '--scope', 'write'])
    expect(refused.status).not.toBe(0)
    expect(refused.stderr).toContain('identity provider')
    const unknown = await place.heroku(['authorizations:create', '--scope', 'everything'])
    expect(unknown.status).not.toBe(0)
  })

  it('reads that an app is not theirs', async () => {
    const place = await here()
    await place.sandbox.patch('/sandbox/apps/example-app', {owner: 'other@example.com'})
    const refused = await place.heroku(['ps', '--app', 'example-app'])
    expect(refused.status).not.toBe(0)
    expect(refused.stderr).toContain('You do not have access to the app example-app')
    expect((await place.heroku(['apps'])).stdout).not.toContain('example-app')
  })

  it.skipIf(process.platform === 'win32' || missing('tmux').length > 0)('asks for a second factor, of the account and of an app', async () => {
    const place = await here('second-factor = ["111111", "222222", "333333"]')
    const create = terminal(onTestFinished, place, herokuWords(['authorizations:create', '--scope', 'write']))
    await create.sees('Two-factor code')
    create.write('111111')
    create.type('Enter')
    await create.sees('exit code 0')
    // Not at a terminal, it says that it needs one.
    const without = await place.heroku(['authorizations:create'])
    expect(without.stderr).toContain('Two-factor')
    expect(without.status).not.toBe(0)

    await place.sandbox.patch('/sandbox/apps/example-app', {'second-factor': true})
    const ps = await place.heroku(['ps', '--app', 'example-app'])
    expect(ps.status).not.toBe(0)
    expect(ps.stderr).toContain('Two-factor')
  })
})
