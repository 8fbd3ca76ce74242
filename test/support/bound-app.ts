import { type Handler, type Owner, routes, type Served } from './app'
import type { Answer, Client, SendOptions } from './client'
import { Device, leadingString, type Odd, parameter } from './device'
import { sojourn } from './kits'
import { serveWith, showData } from './session-app'

export const REGISTER = '/device-session/register'
export const REFRESH = '/device-session/refresh'
export const BOUND_COOKIE = '__Host-connect.sid.bound'

const HANDLERS: Record<string, Handler> = {
  '/login': async (req, res) => {
    await req.session.regenerate()
    req.session.user = 'ann'
    res.end('in')
  },
  '/renew': async (req, res) => {
    await req.session.renewId()
    res.end('renewed')
  },
  '/logout': async (req, res) => {
    await req.session.destroy()
    res.end('out')
  },
  '/bound': (req, res) => res.end(String(req.session.bound)),
  '/put': (req, res) => {
    req.session[new URLSearchParams(req.url.split('?')[1]).get('key') ?? 'seen'] = 1
    res.end('put')
  },
  '/': showData,
}

/** A login, a logout and what is between. */
export const BOUND_HANDLERS = routes(HANDLERS)

/** An application over https with device-bound sessions, a login and a logout. */
export function serveBound(
  owner: Owner,
  options: object = {},
  table: Record<string, Handler> = {},
): Promise<Served> {
  return serveWith(sojourn, owner, { deviceBound: true, ...options }, routes({ ...HANDLERS, ...table }), {
    https: true,
  })
}

/** What a browser with device-bound sessions does, one step after the other, and wrong where a test says so. */
export class BoundBrowser {
  readonly client: Client
  readonly device: Device
  /** The session's identifier, once it is registered. */
  identifier = ''
  /** The challenge that came last. */
  challenge = ''

  constructor(client: Client, device = new Device()) {
    this.client = client
    this.device = device
  }

  async login(path = '/login', method = 'GET'): Promise<Answer> {
    const answer = await this.client.send(path, { method })
    this.challenge = parameter(answer.headers['secure-session-registration'], 'challenge')
    return answer
  }

  async register(odd: Odd = {}, options: SendOptions = {}): Promise<Answer> {
    const token = this.device.registers(this.challenge, odd)
    const answer = await this.post(REGISTER, { 'secure-session-response': token }, options)
    if (answer.status === 200) this.identifier = JSON.parse(answer.body).session_identifier
    return answer
  }

  async loginAndRegister(): Promise<this> {
    await this.login()
    await this.register()
    return this
  }

  /** Asks for a challenge. */
  async ask(options: SendOptions = {}): Promise<Answer> {
    const answer = await this.post(REFRESH, { 'sec-secure-session-id': this.identifier }, options)
    this.#take(answer)
    return answer
  }

  /** Answers the challenge that came last. */
  async prove(odd: Odd = {}, options: SendOptions = {}): Promise<Answer> {
    const token = this.device.proves(this.challenge, odd)
    const headers = { 'sec-secure-session-id': this.identifier, 'secure-session-response': token }
    const answer = await this.post(REFRESH, headers, options)
    this.#take(answer)
    return answer
  }

  async refresh(): Promise<Answer> {
    await this.ask()
    return this.prove()
  }

  post(
    path: string,
    headers: NonNullable<SendOptions['headers']>,
    options: SendOptions = {},
  ): Promise<Answer> {
    return this.client.post(path, '', { ...options, headers: { ...headers, ...options.headers } })
  }

  #take({ headers }: Answer): void {
    const field = headers['secure-session-challenge']
    if (field !== undefined) this.challenge = leadingString(field)
  }
}
