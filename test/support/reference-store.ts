import { EventEmitter } from 'node:events'
import { SessionError } from '../../lib/base/errors'
import type { StoreCapability, StoreHandle } from '../../lib/conformance/store/context'

export type Callback = ((error?: unknown, value?: unknown) => void) | undefined

interface Row {
  body: string
  expires: number
}

/** What several stores share, as processes share a server. */
export class ReferenceRows {
  readonly rows = new Map<string, Row>()
  time = Date.now()
  down = false
  clientOpen = true
}

/** The store of express-session in the plainest words there are: what the store suite is held against. */
export class ReferenceStore extends EventEmitter {
  closed = false

  constructor(
    readonly data = new ReferenceRows(),
    readonly prefix = '',
  ) {
    super()
  }

  get(sid: string, callback?: Callback): unknown {
    return this.answer(callback, () => this.parsed(this.live(this.prefix + sid)))
  }

  set(sid: string, session: any, callback?: Callback): unknown {
    return this.answer(callback, () => {
      const expires = session.cookie.expires?.getTime() ?? Number.POSITIVE_INFINITY
      this.write(this.prefix + sid, { body: JSON.stringify(session), expires })
    })
  }

  touch(sid: string, session: any, callback?: Callback): unknown {
    return this.answer(callback, () => {
      const row = this.live(this.prefix + sid)
      if (!row) return
      const body = JSON.stringify({ ...JSON.parse(row.body), cookie: session.cookie })
      this.write(this.prefix + sid, {
        body,
        expires: session.cookie.expires?.getTime() ?? Number.POSITIVE_INFINITY,
      })
    })
  }

  destroy(sid: string, callback?: Callback): unknown {
    return this.answer(callback, () => {
      this.live(this.prefix + sid)
      this.data.rows.delete(this.prefix + sid)
    })
  }

  all(callback?: Callback): unknown {
    return this.answer(callback, () => {
      const sessions = Object.create(null)
      for (const key of this.keys()) sessions[key.slice(this.prefix.length)] = this.parsed(this.live(key))
      return sessions
    })
  }

  length(callback?: Callback): unknown {
    return this.answer(callback, () => this.keys().length)
  }

  clear(callback?: Callback): unknown {
    return this.answer(callback, () => {
      for (const key of this.keys()) this.data.rows.delete(key)
    })
  }

  async close(): Promise<void> {
    this.closed = true
  }

  protected live(key: string): Row | undefined {
    this.mustWork()
    const row = this.data.rows.get(key)
    return row && row.expires > this.data.time ? row : undefined
  }

  protected write(key: string, row: Row): void {
    this.mustWork()
    this.data.rows.set(key, row)
  }

  protected parsed(row: Row | undefined): any {
    return row ? JSON.parse(row.body) : null
  }

  protected keys(): string[] {
    this.mustWork()
    return [...this.data.rows.keys()].filter((key) => key.startsWith(this.prefix) && this.live(key))
  }

  protected mustWork(): void {
    if (this.data.down)
      throw new SessionError('ERR_SESSION_STORE', 'no connection', { cause: new Error('cable cut') })
  }

  /** Does it now, tells later; outside of any `try`, so that what a callback throws is not taken for a failure. */
  protected answer(callback: Callback, work: () => unknown): unknown {
    const result = new Promise((resolve) => resolve(work()))
    if (!callback) {
      result.catch(() => {})
      return result
    }
    result.then(
      (value) => setImmediate(callback, null, value),
      (error) => setImmediate(callback, error),
    )
    return undefined
  }
}

export const REFERENCE_STORE_CAPABILITIES = [
  ...[
    'touch',
    'all',
    'length',
    'clear',
    'close',
    'promises',
    'prefix',
    'faults',
    'codes',
    'givenClient',
    'fineTime',
  ],
] as StoreCapability[]

/** A fresh one (or one of a subclass that lies) for each case, with every capability there is. */
export function referenceStoreHandle(Kind: typeof ReferenceStore = ReferenceStore): StoreHandle {
  const data = new ReferenceRows()
  return {
    store: new Kind(data),
    patienceMs: 100,
    clock: {
      now: () => data.time,
      advance: (ms) => {
        data.time += ms
      },
    },
    withPrefix: (prefix) => new Kind(data, prefix),
    break: () => {
      data.down = true
    },
    mend: () => {
      data.down = false
    },
    clientWorks: () => data.clientOpen,
  }
}
