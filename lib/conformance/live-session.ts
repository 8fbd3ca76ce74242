import { ignore } from '../base/async'
import { systemClock } from '../base/clock'
/**
 * A session as a middleware hands it to a store: live, with methods, and with a cookie whose `expires` and `maxAge`
 * are accessors. Stores read `cookie.expires` (a `Date` or `null`), `cookie.maxAge`, `cookie.originalMaxAge` and
 * `cookie.toJSON()`; they may not rely on more.
 */
export interface LiveSession {
  cookie: LiveCookie
  [key: string]: unknown
}

export class LiveCookie {
  path = '/'
  _expires: Date | null
  originalMaxAge: number | null
  httpOnly = true

  /** @param expires when it ends, `null` for never; `maxAgeMs` how long it was meant to last */
  constructor(expires: Date | null, maxAgeMs: number | null) {
    this._expires = expires
    this.originalMaxAge = maxAgeMs
  }

  get expires(): Date | null {
    return this._expires
  }

  set expires(date: Date | null) {
    this._expires = date
  }

  get maxAge(): number | null {
    return this._expires === null ? null : this._expires.valueOf() - systemClock()
  }

  get data(): Record<string, unknown> {
    const { originalMaxAge, _expires, httpOnly, path } = this
    return { originalMaxAge, expires: _expires, httpOnly, path }
  }

  toJSON(): Record<string, unknown> {
    return this.data
  }
}

/** Methods and request stand where `Object.keys` and JSON do not see them. */
class Live {
  declare cookie: LiveCookie

  constructor(id: string, cookie: LiveCookie, data: object) {
    const req = { sessionID: id, session: this }
    Object.defineProperty(this, 'req', { value: req })
    Object.defineProperty(this, 'id', { value: id })
    for (const [key, value] of Object.entries(data)) {
      // Defined, not assigned: `__proto__` is data like any other key.
      Object.defineProperty(this, key, { value, configurable: true, enumerable: true, writable: true })
    }
    this.cookie = cookie
  }
}

for (const name of ['touch', 'resetMaxAge', 'save', 'reload', 'destroy', 'regenerate']) {
  Object.defineProperty(Live.prototype, name, { configurable: true, writable: true, value: ignore })
}

const HOUR_MS = 3_600_000

/** @param expires epoch milliseconds, `Infinity` for a session without an end */
export function liveSession(id: string, data: object, expires: number): LiveSession {
  const leftMs = expires - systemClock()
  // One that has ended was meant to last all the same.
  const cookie = Number.isFinite(expires)
    ? new LiveCookie(new Date(expires), leftMs > 0 ? leftMs : HOUR_MS)
    : new LiveCookie(null, null)
  return new Live(id, cookie, data) as unknown as LiveSession
}
