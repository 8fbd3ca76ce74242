import http from 'node:http'
import https from 'node:https'
import { systemClock } from '../../base/clock'
import { SessionError } from '../../base/errors'
import { type HttpExchange, REDIRECTS_MAX } from './findings'
import { domainMatches, isKept, judgeSetCookie, pathCovers, type SetCookie } from './set-cookie'

export interface Browsing {
  readonly insecure: boolean
  readonly from?: string | undefined
}

interface Page {
  readonly step: HttpExchange['step']
  readonly headers?: Record<string, string>
  /** Makes it a form that is sent. */
  readonly body?: string | undefined
}

const PATIENCE_MS = 15_000

/** Does what a browser does with cookies and redirects, and remembers what it saw. */
export class Visitor {
  readonly #browsing: Browsing
  readonly #exchanges: HttpExchange[]
  readonly #cookies = new Map<string, SetCookie>()

  constructor(browsing: Browsing, exchanges: HttpExchange[]) {
    this.#browsing = browsing
    this.#exchanges = exchanges
  }

  /** @returns where it ended @throws SessionError when the site cannot be reached */
  async open(url: URL, page: Page): Promise<URL> {
    let [at, body] = [url, page.body]
    for (let hop = 0; ; hop++) {
      const sent = this.#header(at)
      const { status, setCookies, location } = await this.#send(at, sent, page, body)
      this.#exchanges.push({ step: page.step, url: at.href, sent, status, setCookies, location })
      for (const line of setCookies) this.#take(line, at)
      if (location === undefined || hop > REDIRECTS_MAX) return at
      if (status !== 307 && status !== 308) body = undefined
      at = new URL(location, at)
      if (!/^https?:$/.test(at.protocol)) return at
    }
  }

  #take(line: string, url: URL): void {
    const { cookie, faults } = judgeSetCookie(line, url, systemClock())
    const place = [cookie.name, cookie.domain ?? cookie.host, cookie.path].join(';')
    if (cookie.lifeMs !== undefined && cookie.lifeMs <= 0) this.#cookies.delete(place)
    else if (isKept(faults)) this.#cookies.set(place, cookie)
  }

  #header({ hostname, pathname, protocol }: URL): string {
    return [...this.#cookies.values()]
      .filter((one) => domainMatches(one, hostname) && pathCovers(one.path, pathname))
      .filter(({ secure }) => !secure || protocol === 'https:')
      .sort((a, b) => b.path.length - a.path.length)
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ')
  }

  #send(url: URL, sent: string, page: Page, body: string | undefined) {
    const { insecure, from } = this.#browsing
    const headers: Record<string, string> = {
      accept: 'text/html,*/*',
      'user-agent': 'sojourn-doctor',
      ...page.headers,
    }
    if (sent) headers['cookie'] = sent
    if (from) headers['origin'] = from
    if (body !== undefined) {
      headers['content-type'] = 'application/x-www-form-urlencoded'
      headers['content-length'] = String(Buffer.byteLength(body))
    }
    const method = body === undefined ? 'GET' : 'POST'
    const { request } = url.protocol === 'https:' ? https : http
    return new Promise<Pick<HttpExchange, 'status' | 'setCookies' | 'location'>>((resolve, reject) => {
      const options = { method, headers, agent: false, rejectUnauthorized: !insecure, timeout: PATIENCE_MS }
      const sending = request(url, options, (response) => {
        const { statusCode: status = 0, headers: answered } = response
        const location = status >= 300 && status < 400 ? answered.location : undefined
        response.destroy()
        resolve({ status, setCookies: answered['set-cookie'] ?? [], location })
      })
      sending.on('timeout', () => sending.destroy(new Error(`no answer within ${PATIENCE_MS / 1000} s`)))
      sending.on('error', (cause: NodeJS.ErrnoException) => reject(unreachable(url, cause)))
      sending.end(body)
    })
  }
}

function unreachable(url: URL, cause: NodeJS.ErrnoException): SessionError {
  const isCertificate = /CERT|SELF_SIGNED|ALTNAME|ISSUER|SIGNATURE/.test(cause.code ?? '')
  const hint = isCertificate
    ? ': say --insecure, or name the authority by NODE_EXTRA_CA_CERTS'
    : ': is the site up, and is the address right?'
  return new SessionError(
    'ERR_SESSION_USAGE',
    `cannot open ${url.origin}: ${cause.message || cause.code}${hint}`,
    { cause },
  )
}
