// Owns: how the live checks speak to Heroku: which host, whose token, how many requests, and what of it may be kept.
import {execFile} from 'node:child_process'
import {setTimeout as pause} from 'node:timers/promises'
import {promisify} from 'node:util'

/** Why a check ends without an answer: nothing is wrong with us, it cannot be told. */
export class Untold extends Error {}

/** The same, of what passes: who watches for days asks again. */
export class Away extends Untold {}

/** Wrong usage, or an app that must not be touched. */
export class Refused extends Error {}

const DOMAINS = ['heroku.com', 'herokai.com', 'herokuspace.com', 'herokudev.com']
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']
const isLoopback = name => LOOPBACK.includes(name)
const isHeroku = name => DOMAINS.some(domain => name === domain || name.endsWith(`.${domain}`))

/** HEROKU_HOST as the Heroku CLI has it, but a token goes only to Heroku over TLS, or to this machine. */
export function apiOf(variable = 'heroku.com') {
  let url
  try {
    url = new URL(/^https?:\/\//.test(variable) ? variable : `https://api.${variable}`)
  } catch {
    throw new Refused('HEROKU_HOST is no host name and no URL')
  }
  const isOurs = isLoopback(url.hostname) || (isHeroku(url.hostname) && url.protocol === 'https:')
  if (!isOurs || url.username || url.password)
    throw new Refused('HEROKU_HOST: a token is sent only to Heroku over https, or to this machine')
  return {base: url.origin, isLoopback: isLoopback(url.hostname)}
}

/** HEROKU_API_KEY, else what the Heroku CLI says it has; it never stands in argv. */
export async function loginToken(env = process.env) {
  if (env.HEROKU_API_KEY) return env.HEROKU_API_KEY.trim()
  const shell = process.platform === 'win32'
  const asked = await promisify(execFile)('heroku', ['auth:token'], {shell, timeout: 60_000}).catch(() => ({stdout: ''}))
  const token = asked.stdout.trim().split('\n').at(-1).trim()
  if (!token) throw new Refused('There is no token: log in with "heroku login", or set HEROKU_API_KEY')
  return token
}

/** The account's pool is shared with whatever else its owner runs. */
const LEAVE = 500
/** Milliseconds: they refill, so that what was heard before is asked anew. */
const FRESH = 600_000

export class Heroku {
  /** Requests that were made, and that may still be. */
  made = 0
  remaining
  /** When that was heard. */
  heard
  /** Ends what is under way: the check's time is over, or somebody wants to leave. */
  signal
  /** Putting things back must not fail for want of a budget. */
  isFree = false
  #secrets = new Set()
  #names = new Map()

  constructor({base, budget, isLoopback, token}) {
    Object.assign(this, {base, budget, isLoopback, token})
    this.hide(token)
  }

  hide(secret) {
    this.#secrets.add(secret)
  }

  /** In what is kept an app has another name. */
  rename(name, shown) {
    this.#names.set(name, shown)
  }

  /** What may stand in a public issue: no token, no address, no name of an app, ids shortened, nothing that moves a cursor. */
  clean(text) {
    let cleaned = String(text)
    for (const secret of this.#secrets) cleaned = cleaned.replaceAll(secret, '<token>')
    cleaned = cleaned.replace(/HRKU-[\w-]+/g, '<token>')
      .replace(/[\w.+-]+@[\w-]+(\.[\w-]+)+/g, '<address>')
      .replace(/[\w-]+\.herokuapp\.com/g, '$APP.herokuapp.com')
      .replace(/\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '$1…')
    for (const [name, shown] of this.#names) {
      const whole = new RegExp(`(?<![\\w-])${name.replaceAll(/[^\w-]/g, '')}(?![\\w-])`, 'g')
      cleaned = cleaned.replace(whole, () => shown)
    }
    // eslint-disable-next-line no-control-regex
    return cleaned.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
  }

  wait(milliseconds) {
    const {signal} = this
    return pause(Math.max(0, milliseconds), undefined, {signal}).catch(() => {
      throw signal.reason
    })
  }

  get = (path, options) => this.send('GET', path, options)

  /** `isSecret`: of what is answered only the status and the headers are taken. What only reads is sent again when it breaks. */
  async send(method, path, options = {}) {
    for (let round = 1; ; round++) {
      try {
        return await this.#once(method, path, options)
      } catch (error) {
        const isOver = this.signal?.aborted || error instanceof Untold
        if (isOver || method !== 'GET' || round === 5) throw error
        await this.wait(1000 * round)
      }
    }
  }

  async #once(method, path, {body, code, isSecret = false, range, token = this.token}) {
    if (!this.isFree && this.made >= this.budget) throw new Untold(`the budget of ${this.budget} requests is used up`)
    if (!this.isFree && this.remaining < LEAVE && performance.now() - this.heard < FRESH)
      throw new Away(`the account has only ${this.remaining} requests left; ${LEAVE} are left to others`)
    this.made++
    const headers = {
      Accept: 'application/vnd.heroku+json; version=3',
      Authorization: `Bearer ${token}`,
      'User-Agent': 'heroku-dynos-autorestart live-checks',
      ...(body && {'Content-Type': 'application/json'}),
      ...(code && {'Heroku-Two-Factor-Code': code}),
      ...(range && {Range: range}),
    }
    const sent = Date.now()
    const began = performance.now()
    const response = await this.#fetch(this.base + path, {body: body && JSON.stringify(body), headers, method}, `${method} ${path}`)
    const said = isSecret ? void (await response.body?.cancel()) : await this.#text(response, `${method} ${path}`)
    const remaining = response.headers.get('ratelimit-remaining')
    if (remaining !== null) Object.assign(this, {heard: performance.now(), remaining: Number(remaining)})
    const header = name => response.headers.get(name)
    return {began, body: parsed(said), header, received: Date.now(), sent, status: response.status, took: performance.now() - began}
  }

  /** Whatever is not the API: no token goes there, and no redirect is followed. */
  async elsewhere(url, options = {}) {
    const response = await this.#fetch(url, options, new URL(url).hostname)
    return {body: await this.#text(response, new URL(url).hostname), header: name => response.headers.get(name), status: response.status}
  }

  async #fetch(url, options, what) {
    const patience = AbortSignal.timeout(30_000)
    // What changes something is never dropped half-way: whether it was done would not be known.
    const isDropped = this.signal && [undefined, 'GET'].includes(options.method)
    const signal = isDropped ? AbortSignal.any([this.signal, patience]) : patience
    return fetch(url, {redirect: 'manual', ...options, signal}).catch(error => this.#broken(error, what))
  }

  #text(response, what) {
    return response.text().catch(error => this.#broken(error, what))
  }

  #broken(error, what) {
    if (this.signal?.aborted) throw this.signal.reason
    const why = error.cause?.code ?? error.name
    throw new Error(`${what}: ${why === 'TimeoutError' ? 'no answer in 30 s' : `the connection broke (${why})`}`, {cause: error})
  }

  /** All pages of a list; those of an account may have more than one. */
  async all(path, options) {
    const rows = []
    for (let range; ;) {
      const page = await this.get(path, {...options, range})
      if (!Array.isArray(page.body)) throw new Untold(`GET ${path} was answered ${told(page)}`)
      rows.push(...page.body)
      range = page.header('next-range')
      if (page.status !== 206 || !range) return rows
    }
  }

  dynos = async app => {
    const listed = await this.get(`/apps/${app}/dynos`)
    const isAway = listed.status === 429 || listed.status >= 500
    if (listed.status !== 200) throw new (isAway ? Away : Untold)(`the list of dynos was answered ${told(listed)}`)
    return listed
  }

  /** The last lines of an app's log that Heroku still has. Its URL is a secret: who has it reads the log. */
  async log(app, asked = {}) {
    const session = await this.send('POST', `/apps/${app}/log-sessions`, {body: {lines: 1500, ...asked}})
    if (session.status !== 201) throw new Untold(`a log session was answered ${told(session)}`)
    const url = new URL(session.body.logplex_url)
    this.hide(url.href)
    if (!isHeroku(url.hostname) && !isLoopback(url.hostname)) throw new Untold(`the log is at ${url.hostname}, which is not Heroku's`)
    const {body} = await this.elsewhere(url.href)
    return body.split('\n').filter(Boolean)
  }
}

function parsed(text) {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Status, and Heroku's words where it refuses. */
export const told = ({body, status}) => (status < 400 ? String(status) : [status, body?.id, body?.message].filter(Boolean).join(' '))

/** The two headers that tell of scopes. */
export const scopes = ({header}) => `Oauth-Scope: ${header('oauth-scope') ?? 'absent'}; Oauth-Scope-Accepted: ${header('oauth-scope-accepted') ?? 'absent'}`

/** What a text of this kind looks like, without what it says: keys and types. */
export function shape(value, depth = 4) {
  if (Array.isArray(value)) return value.length === 0 ? '[]' : `[${shape(value[0], depth - 1)}${value.length > 1 ? ` × ${value.length}` : ''}]`
  if (value === null || typeof value !== 'object') return value === null ? 'null' : typeof value
  if (depth === 0) return '{…}'
  return `{${Object.entries(value).map(([key, one]) => `${key}: ${shape(one, depth - 1)}`).join(', ')}}`
}
