// Owns: the live checks of tokens, scopes, authorizations, fleets, and of what stands in the headers of every answer.
import {calm} from './dynos.mjs'
import {scopes, shape, told, Untold} from './heroku.mjs'

/** An authorization with this scope, made once and revoked at the end; what was answered is kept for who asks about that. */
const token = (context, scope) => context.shared(`token of scope ${scope}`, async () => {
  const {made} = await authorize(context, {scope: [scope]})
  return made.access_token.token
})

/** `isTried`: a refusal is what is asked about. */
async function authorize(context, {code, expires_in: expiresIn = 7200, isTried = false, scope}) {
  // Noted before it is asked for: an answer that is lost leaves one behind all the same.
  context.sweep()
  const body = {description: context.description, expires_in: expiresIn, scope}
  const answer = await context.heroku.send('POST', '/oauth/authorizations', {body, code})
  if (answer.body?.access_token?.token) context.heroku.hide(answer.body.access_token.token)
  context.see(`POST /oauth/authorizations, scope ${scope}${code ? ', with a wrong code' : ''}: ${told(answer)}; ${scopes(answer)}`)
  if (answer.status !== 201 && !isTried) throw new Untold(`no authorization could be made: ${told(answer)}`)
  return {answer, made: answer.body}
}

/** From its making to after its end: what several questions are about. */
const life = context => context.shared('authorization', async () => {
  const {heroku} = context
  const {made} = await authorize(context, {expires_in: 3600, scope: ['read']})
  const made_at = Date.now()
  const path = `/oauth/authorizations/${made.id}`
  const secret = made.access_token.token
  const listed = (await heroku.all('/oauth/authorizations')).find(({id}) => id === made.id)?.access_token.token
  const mask = listed?.replaceAll(/[^*]/g, 'x')
  context.see(`made: expires_in ${made.access_token.expires_in}; in the list its token looks like ${mask ?? 'nothing: it is not there'}`)
  const uses = async what => {
    const answer = await heroku.get(`/apps/${context.app}`, {isSecret: true, token: secret})
    context.see(`GET /apps/$APP with it, ${what}: ${answer.status}`)
    return answer.status
  }
  const before = await uses('before')
  await heroku.wait(60_000)
  const info = await heroku.get(path)
  if (info.body?.access_token?.token) heroku.hide(info.body.access_token.token)
  const passed = Math.round((Date.now() - made_at) / 1000)
  context.see(`GET of it after ${passed} s: ${told(info)}, expires_in ${info.body?.access_token?.expires_in}`)
  const revoked = await heroku.send('DELETE', path, {isSecret: true})
  const began = performance.now()
  context.see(`DELETE of it: ${revoked.status}`)
  const after = [await uses('at once')]
  const limits = await heroku.get('/account/rate-limits', {token: secret})
  context.see(`GET /account/rate-limits with it: ${told(limits)}`)
  while (after.at(-1) === 200 && performance.now() - began < 60_000) {
    await heroku.wait(1000)
    after.push(await uses(`after ${((performance.now() - began) / 1000).toFixed(1)} s`))
  }
  const again = await heroku.send('DELETE', path)
  context.see(`DELETE of it a second time: ${told(again)}`)
  return {after, again, before, info, limits, listed, mask, passed, revoked, secret}
})

const authorizations = [{
  id: 'list-in-part', question: 'Does GET /oauth/authorizations show tokens in part, and how?', assumes: 'A beginning, ten asterisks, an end.',
  async run(context) {
    const {listed, mask, secret} = await life(context)
    const [, head, stars, tail] = /^([^*]*)(\*+)([^*]*)$/.exec(listed ?? '') ?? []
    const isPart = stars?.length === 10 && head && tail && secret.startsWith(head) && secret.endsWith(tail)
    const what = listed === secret ? 'whole' : `as ${mask ?? 'nothing'}, of ${secret.length} characters`
    return context.says(Boolean(isPart), `${what}${stars ? `; ${secret.startsWith(head) && secret.endsWith(tail) ? 'its own beginning and end' : 'not its beginning and end'}` : ''}`)
  },
}, {
  id: 'expires-in', question: 'Is access_token.expires_in what is left, or what was asked for?', assumes: 'What is left.',
  async run(context) {
    const {info, passed} = await life(context)
    const left = info.body?.access_token?.expires_in
    if (typeof left !== 'number') return context.says(false, `expires_in is ${left === null ? 'null' : typeof left}`)
    return context.says(Math.abs(3600 - passed - left) <= 10, `${left} after ${passed} s, of 3600`)
  },
}, {
  id: 'revoked-401', question: 'Is a revoked token answered with 401 at once?', assumes: 'Yes. A 403 in its place is told as no access.',
  async run(context) {
    const {after, before, revoked} = await life(context)
    if (before !== 200 || revoked.status !== 200) throw new Untold(`it was answered ${before} before, its DELETE ${revoked.status}`)
    return context.says(after.length === 1 && after[0] === 401, `${after.at(-1)}${after.length > 1 ? `, after ${after.length - 1} s of ${after[0]}` : ', at once'}`)
  },
}, {
  id: 'second-delete', question: 'What is the answer to DELETE /oauth/authorizations/ID a second time?', assumes: '404 not_found.',
  async run(context) {
    const {again} = await life(context)
    return context.says(again.status === 404 && again.body?.id === 'not_found', told(again))
  },
}, {
  id: 'rate-limits', question: 'Does GET /account/rate-limits refuse a revoked token with 401, and take one of the scope write?', assumes: 'Yes: doctor, deploy and the runner find out by it.',
  async run(context) {
    const {limits} = await life(context)
    const write = await context.heroku.get('/account/rate-limits', {token: await token(context, 'write')})
    context.see(`with a token of scope write: ${told(write)}; ${scopes(write)}`)
    return context.says(limits.status === 401 && write.status === 200, `revoked: ${told(limits)}; write: ${told(write)}`)
  },
}].map(check => ({changes: 'makes an authorization and revokes it', limit: 5, takes: '75 s for all of these', ...check}))

const account = context => context.shared('account', async () => {
  const {body, status} = await context.heroku.get('/account')
  if (status !== 200) throw new Untold(`GET /account was answered ${status}: the login is no global one`)
  return body
})

const accounts = [{
  id: 'second-factor', question: "Does making or revoking an authorization demand the account's second factor when it comes with a login?", takes: '1 s',
  assumes: 'It may, on each. A code is asked for.',
  async run(context) {
    if (!(await account(context)).two_factor_authentication) throw new Untold('the account has no second factor')
    const {answer, made} = await authorize(context, {isTried: true, scope: ['read']})
    if (answer.status !== 201) return context.says(answer.body?.id === 'two_factor', `making it: ${told(answer)}`)
    const revoked = await context.heroku.send('DELETE', `/oauth/authorizations/${made.id}`, {isSecret: true})
    return context.says(true, `making it: not demanded; revoking it: ${revoked.status}`)
  },
}, {
  id: 'wrong-code', question: 'What is answered to a wrong code: 401 or 403, and with which id?', takes: '1 s', assumes: '403 two_factor, or 401.',
  async run(context) {
    if (!(await account(context)).two_factor_authentication) throw new Untold('the account has no second factor')
    const {answer} = await authorize(context, {code: '000000', isTried: true, scope: ['read']})
    return context.says(answer.status === 401 || answer.body?.id === 'two_factor', told(answer))
  },
}, {
  id: 'sso', question: 'What is an SSO account told when it makes an authorization?', takes: '1 s', assumes: "403; Heroku's words are passed on.",
  async run(context) {
    if (!(await account(context)).federated) throw new Untold('the account does not sign in through SSO')
    const {answer} = await authorize(context, {isTried: true, scope: ['read']})
    return context.says(answer.status === 403, told(answer))
  },
}].map(check => ({changes: 'may make an authorization and revokes it', ...check}))

/** Status and scopes of an answer; of what is read for the question alone the body is left where it is. */
async function asked(context, scope, path, {method = 'GET', ...options} = {}) {
  const key = scope === 'login' ? undefined : await token(context, scope)
  const answer = await context.heroku.send(method, path, {isSecret: true, token: key, ...options})
  context.see(`${scope}: ${method} ${path}: ${told(answer)}; ${scopes(answer)}`)
  return answer
}

const scoped = [{
  id: 'scope-headers', question: 'What do Oauth-Scope and Oauth-Scope-Accepted say on GET /apps and GET /apps/$APP?',
  assumes: "The token's own scopes, and those that are enough, separated by spaces or commas.",
  async run(context) {
    const answers = []
    for (const scope of ['login', 'read', 'write'])
      for (const path of ['/apps', `/apps/${context.app}`]) answers.push({answer: await asked(context, scope, path), scope})
    const words = text => (text ?? '').split(/[ ,]+/).filter(Boolean)
    const isTold = ({answer, scope}) => words(answer.header('oauth-scope-accepted')).length > 0 &&
      (scope === 'login' ? words(answer.header('oauth-scope')).length > 0 : words(answer.header('oauth-scope')).join() === scope)
    const {answer} = answers.at(-1)
    return context.says(answers.every(isTold), `with write: "${answer.header('oauth-scope')}", accepted "${answer.header('oauth-scope-accepted')}"`)
  },
}, {
  id: 'write-preboot', question: 'May a write token read features/preboot?', assumes: 'If not (403), the app is treated as preboot.',
  async run(context) {
    const answer = await asked(context, 'write', `/apps/${context.app}/features/preboot`)
    return context.says([200, 403].includes(answer.status), told(answer))
  },
}, {
  id: 'write-reads', question: 'What else may a write token read?', assumes: 'The app, dynos, formation; no releases, config vars, account.',
  async run(context) {
    const [app, answers] = [`/apps/${context.app}`, []]
    const may = [app, `${app}/dynos`, `${app}/formation`]
    const mayNot = [`${app}/releases`, `${app}/config-vars`, '/account']
    const others = [`${app}/features`, `${app}/addons`, `${app}/collaborators`, '/account/features', '/oauth/authorizations', '/dyno-sizes']
    for (const path of [...may, ...mayNot, ...others]) answers.push({path, status: (await asked(context, 'write', path)).status})
    const isAs = ({path, status}) => (may.includes(path) ? status === 200 : !mayNot.includes(path) || status === 403)
    return context.says(answers.every(isAs), answers.map(({path, status}) => `${path.replace(`${app}/`, '').replace(app, 'app')} ${status}`).join(', '))
  },
}, {
  id: 'write-log', question: "May a token of the scope write read its own app's log (POST /apps/NAME/log-sessions)?", assumes: 'Yes.',
  async run(context) {
    for (const scope of ['read', 'write']) {
      const answer = await asked(context, scope, `/apps/${context.app}/log-sessions`, {body: {lines: 1}, method: 'POST'})
      if (scope === 'write') return context.says(answer.status === 201, `write: ${answer.status}; accepted: ${answer.header('oauth-scope-accepted')}`)
    }
  },
}, {
  id: 'write-capabilities', question: 'May a write token ask PUT /users/~/capabilities, and what does it say?', assumes: 'If not, whoever is logged in asks. Without an answer nothing is said.',
  async run(context) {
    const body = {capabilities: [{capability: 'manage_dynos', resource_id: context.appId, resource_type: 'app'}]}
    const options = {body, isSecret: false, method: 'PUT'}
    const [write, login] = [await asked(context, 'write', '/users/~/capabilities', options), await asked(context, 'login', '/users/~/capabilities', options)]
    context.see(`login: ${shape(login.body)}; requires_second_factor ${login.body?.capabilities?.[0]?.requires_second_factor}`)
    const isTold = typeof login.body?.capabilities?.[0]?.requires_second_factor === 'boolean'
    return context.says(login.status === 200 && isTold, `write: ${told(write)}; login: ${told(login)}${isTold ? ', tells requires_second_factor' : ''}`)
  },
}, {
  id: 'delete-nobody', question: 'Is a DELETE of a dyno name that cannot exist a harmless permission probe?', takes: '15 s',
  assumes: 'Not used. Were it 202 (or 404) with write, 403 with read, and without any effect, set and auth:setup could try it.',
  async run(context) {
    const {app, heroku} = context
    const look = async () => JSON.stringify([(await heroku.dynos(app)).body.map(({id}) => id).sort(), (await heroku.all(`/apps/${app}/releases`)).length])
    const before = await look()
    const answers = {}
    for (const scope of ['read', 'write', 'login'])
      answers[scope] = await asked(context, scope, `/apps/${app}/dynos/nobody.9999`, {isSecret: false, method: 'DELETE'})
    await heroku.wait(10_000)
    const isCalm = before === await look()
    context.see(`dynos and releases after 10 s: ${isCalm ? 'as before' : 'others than before'}`)
    const isProbe = answers.read.status === 403 && [202, 404].includes(answers.write.status) && isCalm
    return context.says(isProbe, `read: ${told(answers.read)}; write: ${told(answers.write)}; ${isCalm ? 'no effect' : 'dynos or releases changed'}`)
  },
}, {
  id: 'delete-scope', question: 'Which scope does DELETE /apps/{app}/dynos/{name} ask for?', assumes: 'write.', changes: 'restarts one dyno', takes: '10 to 60 s',
  async run(context) {
    const {name} = await calm(context)
    const path = `/apps/${context.app}/dynos/${name}`
    const options = {isSecret: false, method: 'DELETE'}
    const [read, write] = [await asked(context, 'read', path, options), await asked(context, 'write', path, options)]
    return context.says(read.status === 403 && write.status === 202, `read: ${told(read)}; write: ${told(write)}; accepted: ${write.header('oauth-scope-accepted')}`)
  },
}, {
  id: 'write-fleet', question: 'May a token of the scope write ask GET /pipelines/NAME, its couplings, GET /pipeline-couplings and GET /teams/NAME/apps?', assumes: 'Yes.',
  async run(context) {
    const [pipeline] = await context.heroku.all('/pipelines')
    const [team] = await context.heroku.all('/teams')
    for (const one of [pipeline, team].filter(Boolean)) context.heroku.rename(one.name, '$NAME')
    const paths = ['/pipeline-couplings', ...(pipeline ? [`/pipelines/${pipeline.name}`, `/pipelines/${pipeline.id}/pipeline-couplings`] : []), ...(team ? [`/teams/${team.name}/apps`] : [])]
    const answers = []
    for (const path of paths) answers.push(await asked(context, 'write', path))
    const lacking = [!pipeline && 'no pipeline', !team && 'no team'].filter(Boolean)
    return context.says(answers.every(({status}) => status === 200 || status === 206), `${answers.map(({status}) => status).join(', ')}${lacking.length > 0 ? `; the account has ${lacking.join(' and ')} to ask for` : ''}`)
  },
}].map(check => ({changes: 'makes an authorization and revokes it', takes: '2 s', ...check}))

const reached = async context => new Set((await context.heroku.all('/apps')).map(({id}) => id))

const readings = [{
  id: 'apps-of-teams', question: 'Has GET /apps the apps of teams that the account is a member of?', assumes: 'Yes.',
  async run(context) {
    const teams = (await context.heroku.all('/teams')).slice(0, 5)
    const apps = (await Promise.all(teams.map(({name}) => context.heroku.all(`/teams/${name}/apps`)))).flat()
    if (apps.length === 0) throw new Untold('the account is in no team that has apps')
    const own = await reached(context)
    const there = apps.filter(({id}) => own.has(id)).length
    return context.says(there === apps.length, `${there} of ${apps.length} apps of ${teams.length} teams`)
  },
}, {
  id: 'couplings-beyond', question: 'Does GET /pipelines/ID/pipeline-couplings name apps that the account does not reach?', assumes: 'It may; they are left out.',
  async run(context) {
    const pipelines = (await context.heroku.all('/pipelines')).slice(0, 5)
    const couplings = (await Promise.all(pipelines.map(({id}) => context.heroku.all(`/pipelines/${id}/pipeline-couplings`)))).flat()
    if (couplings.length === 0) throw new Untold('the account has no pipeline with apps')
    const own = await reached(context)
    return context.says(true, `${couplings.filter(({app}) => !own.has(app.id)).length} of ${couplings.length} couplings of ${pipelines.length} pipelines`)
  },
}, {
  id: 'status-page', question: "What does Heroku's status page answer?", assumes: 'status with system Apps and a colour; else the Trust API.',
  async run(context) {
    const base = context.heroku.isLoopback ? context.heroku.base : 'https://status.heroku.com'
    const page = await context.heroku.elsewhere(`${base}/api/v4/current-status`)
    const body = page.status === 200 ? JSON.parse(page.body) : undefined
    const apps = body?.status?.find?.(({system}) => system === 'Apps')
    context.see(`current-status: ${page.status}, ${body ? `${shape(body)}; ${body.status?.map?.(({status, system}) => `${system} ${status}`).join(', ')}` : page.header('location') ?? ''}`)
    if (apps) return context.says(typeof apps.status === 'string', `${page.status}, Apps ${apps.status}`)
    for (const path of ['instances?products=Heroku', 'incidents/active']) {
      const trust = await context.heroku.elsewhere(`https://api.status.salesforce.com/v1/${path}`)
      context.see(`Trust API ${path}: ${trust.status}${trust.status === 200 ? `, ${shape(JSON.parse(trust.body))}` : ''}`)
    }
    return context.says(false, `${page.status}, without the system Apps`)
  },
}, {
  id: 'date', question: "Is Heroku's clock in the Date of each answer, how fine, and how far from ours?", takes: '4 s', assumes: 'Each has it, in whole seconds; what is due is judged by it.',
  async run(context) {
    let [least, most] = [-Infinity, Infinity]
    for (let round = 0; round < 12; round++) {
      const answer = await context.heroku.get('/account/rate-limits')
      const date = Date.parse(answer.header('date'))
      if (Number.isNaN(date)) return context.says(false, `Date is ${answer.header('date') ?? 'absent'}`)
      least = Math.max(least, date - answer.received)
      most = Math.min(most, date + 1000 - answer.sent)
      await context.heroku.wait(280)
    }
    context.see(`Heroku's clock is ${least} to ${most} ms ahead of ours, if Date is cut to seconds (12 answers)`)
    return context.says(least <= most, least <= most ? `whole seconds, ${least} to ${most} ms ahead of this machine` : 'the answers contradict each other: Date is not the time of the answer, cut to seconds')
  },
}, {
  id: 'remaining', question: 'Is RateLimit-Remaining on each answer, and is GET /account/rate-limits free of charge?', takes: '3 s', assumes: 'Both.',
  async run(context) {
    const rounds = async path => {
      const answers = []
      for (let round = 0; round < 6; round++) answers.push(await context.heroku.get(path))
      return answers.map(answer => answer.header('ratelimit-remaining') ?? 'absent')
    }
    const [charged, free] = [await rounds(`/apps/${context.app}`), await rounds('/account/rate-limits')]
    context.see(`GET /apps/$APP: ${charged.join(', ')}; GET /account/rate-limits: ${free.join(', ')}`)
    const {body} = await context.heroku.get('/account/rate-limits')
    const isFree = free[0] === 'absent' ? undefined : Number(free[5]) >= Number(free[0])
    return context.says(!charged.includes('absent') && typeof body.remaining === 'number' && isFree !== false,
      `six reads: ${charged[0]} to ${charged[5]}; six rate-limits: ${free[0]} to ${free[5]}, whose body says ${body.remaining}`)
  },
}].map(check => ({changes: 'nothing', takes: '2 s', ...check}))

export const tokenChecks = [...readings, ...scoped, ...authorizations, ...accounts]
