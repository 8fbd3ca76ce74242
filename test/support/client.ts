import { once } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import { CookieJar } from './cookie-jar'

export interface SendOptions {
  method?: string
  headers?: http.OutgoingHttpHeaders
  body?: string | Buffer
  /** A `Cookie` header in place of the jar's; `null`: none. */
  cookie?: string | null
}

export interface Answer {
  status: number
  headers: http.IncomingHttpHeaders
  /** Names and values in the order and case they came in. */
  rawHeaders: string[]
  body: string
  bytes: Buffer
  /** `Set-Cookie` lines. */
  setCookies: string[]
  /** The connection ended before the answer did. */
  aborted: boolean
}

/** A visitor: keeps connections and cookies, follows no redirect, over real HTTP. Close with `stop`. */
export class Client {
  readonly jar = new CookieJar()
  readonly #origin: URL
  readonly #agent: http.Agent

  constructor(origin: string) {
    this.#origin = new URL(origin)
    this.#agent = this.#secure
      ? new https.Agent({ keepAlive: true, rejectUnauthorized: false })
      : new http.Agent({ keepAlive: true })
  }

  get #secure(): boolean {
    return this.#origin.protocol === 'https:'
  }

  /** The raw value of the session cookie, or of another. */
  cookie(name = 'connect.sid'): string | undefined {
    return this.jar.get(name)
  }

  get(path = '/', options: SendOptions = {}): Promise<Answer> {
    return this.send(path, options)
  }

  post(path = '/', body = '', options: SendOptions = {}): Promise<Answer> {
    return this.send(path, { method: 'POST', body, ...options })
  }

  async send(path: string, options: SendOptions = {}): Promise<Answer> {
    const request = this.start(path, options)
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    return this.read(response)
  }

  /** A request under way, for those who leave early or look at single chunks. The jar takes its cookies. */
  start(path: string, { method = 'GET', headers = {}, body, cookie }: SendOptions = {}): http.ClientRequest {
    const sent = { ...headers }
    const jarred = cookie === undefined ? this.jar.header(path, this.#secure) : cookie
    if (jarred) sent['cookie'] = jarred
    if (body !== undefined) sent['content-length'] = Buffer.byteLength(body)
    const request = (this.#secure ? https : http).request({
      host: this.#origin.hostname,
      port: this.#origin.port,
      path,
      method,
      headers: sent,
      agent: this.#agent,
    })
    request.on('response', (response) => {
      for (const line of response.headers['set-cookie'] ?? []) this.jar.take(line, path, this.#secure)
    })
    request.end(body)
    return request
  }

  /** The whole of an answer; one that breaks off is `aborted`, not an error. */
  async read(response: http.IncomingMessage): Promise<Answer> {
    const chunks: Buffer[] = []
    let aborted = false
    try {
      for await (const chunk of response) chunks.push(chunk)
    } catch {
      aborted = true
    }
    const bytes = Buffer.concat(chunks)
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      rawHeaders: response.rawHeaders,
      body: bytes.toString(),
      bytes,
      setCookies: response.headers['set-cookie'] ?? [],
      aborted: aborted || !response.complete,
    }
  }

  /** Another visitor's browser with the same cookies, for requests side by side that must not share changes. */
  twin(): Client {
    const twin = new Client(this.#origin.href)
    twin.jar.copyFrom(this.jar)
    return twin
  }

  stop(): void {
    this.#agent.destroy()
  }
}
