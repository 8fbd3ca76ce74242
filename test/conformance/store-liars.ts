import { setImmediate as later } from 'node:timers/promises'
import { ReferenceStore } from '../support/reference-store'

type Callback = ((error?: unknown, value?: unknown) => void) | undefined

interface Liar {
  Liar: typeof ReferenceStore
  /** The names of the cases that must find it out (others may too). */
  caughtBy: string[]
}

/** Each is the reference with one wrong idea, of a kind that real stores have had. */
export const storeLiars: Record<string, Liar> = {
  'has no destroy': {
    Liar: class extends ReferenceStore {
      override destroy = undefined as never
    },
    caughtBy: ['it has the methods that its capabilities name, and tells of events'],
  },
  'has an error for an absent session': {
    Liar: class extends ReferenceStore {
      protected override parsed(row: never) {
        if (!row) throw new Error('not found')
        return super.parsed(row)
      }
    },
    caughtBy: ['an id that nobody has gives no session and no error'],
  },
  'forgets a session once it was read': {
    Liar: class extends ReferenceStore {
      override get(sid: string, callback?: Callback) {
        const answer = super.get(sid, callback)
        this.data.rows.delete(this.prefix + sid)
        return answer
      }
    },
    caughtBy: ['a session that was set is found with its data, again and again'],
  },
  'merges what is set into what is there': {
    Liar: class extends ReferenceStore {
      override set(sid: string, session: any, callback?: Callback) {
        const merged = { ...this.parsed(this.live(this.prefix + sid)), ...session }
        return super.set(sid, merged, callback)
      }
    },
    caughtBy: ['set replaces the whole session'],
  },
  'destroys everybody': {
    Liar: class extends ReferenceStore {
      override destroy(sid: string, callback?: Callback) {
        for (const key of this.data.rows.keys())
          if (key.startsWith(sid.slice(0, 0))) this.data.rows.delete(key)
        return super.destroy(sid, callback)
      }
    },
    caughtBy: ['destroy ends the session, and only that one'],
  },
  'has an error for destroying what is not there': {
    Liar: class extends ReferenceStore {
      override destroy(sid: string, callback?: Callback) {
        if (this.live(this.prefix + sid)) return super.destroy(sid, callback)
        return this.answer(callback, () => {
          throw new Error('not found')
        })
      }
    },
    caughtBy: ['destroying a session that is not there is no error'],
  },
  'keeps rows on a plain object': {
    Liar: class extends ReferenceStore {
      #plain = {} as Record<string, any>
      protected override live(key: string) {
        return this.#plain[key]
      }
      protected override write(key: string, row: any) {
        this.#plain[key] = row
      }
    },
    caughtBy: ['ids that objects have of themselves are ids like any other'],
  },
  'folds case, as some collations do': {
    Liar: class extends ReferenceStore {
      protected override live(key: string) {
        return super.live(key.toLowerCase())
      }
      protected override write(key: string, row: never) {
        super.write(key.toLowerCase(), row)
      }
    },
    caughtBy: ['ids that are nearly alike are different sessions'],
  },
  'cuts ids to the width of a column': {
    Liar: class extends ReferenceStore {
      protected override live(key: string) {
        return super.live(key.slice(0, 255))
      }
      protected override write(key: string, row: never) {
        super.write(key.slice(0, 255), row)
      }
    },
    caughtBy: ['a long id is kept whole or refused with an error, never cut'],
  },
  'takes an id for the name of a file': {
    Liar: class extends ReferenceStore {
      protected override live(key: string) {
        return super.live(key.replace(/[^\w-]/g, '_'))
      }
      protected override write(key: string, row: never) {
        super.write(key.replace(/[^\w-]/g, '_'), row)
      }
    },
    caughtBy: ['an id is a name, not a path and not a pattern'],
  },
  'writes the whole table, as it was when the call came': {
    Liar: class extends ReferenceStore {
      override async set(sid: string, session: any, callback?: Callback) {
        const before = new Map(this.data.rows)
        await later()
        super.set(sid, session, callback)
        const mine = this.data.rows.get(this.prefix + sid)
        this.data.rows.clear()
        for (const [key, row] of before) this.data.rows.set(key, row)
        if (mine) this.data.rows.set(this.prefix + sid, mine)
      }
    },
    caughtBy: ['sessions that are set at the same time are all there'],
  },
  'mixes two sessions into one': {
    Liar: class extends ReferenceStore {
      protected override write(key: string, row: { body: string; expires: number }) {
        super.write(key, { ...row, body: row.body.replace(/"size":\d+/, '"size":1') })
      }
    },
    caughtBy: ['a session that is set many times at once is one of them, whole'],
  },
  'drops falsy values': {
    Liar: class extends ReferenceStore {
      protected override parsed(row: never) {
        const session = super.parsed(row)
        for (const key of Object.keys(session ?? {})) if (!session[key]) delete session[key]
        return session
      }
    },
    caughtBy: ['values come back as JSON keeps them, the falsy ones too'],
  },
  'keeps text as latin1': {
    Liar: class extends ReferenceStore {
      protected override write(key: string, row: { body: string; expires: number }) {
        super.write(key, { ...row, body: Buffer.from(row.body, 'latin1').toString('latin1') })
      }
    },
    caughtBy: ['text comes back as it was, in any script'],
  },
  'has a limit of 64 kB': {
    Liar: class extends ReferenceStore {
      protected override write(key: string, row: { body: string; expires: number }) {
        if (row.body.length < 65_536) super.write(key, row)
      }
    },
    caughtBy: ['a session of a megabyte comes back whole'],
  },
  'assigns key by key': {
    Liar: class extends ReferenceStore {
      protected override parsed(row: never) {
        const session: Record<string, unknown> = {}
        for (const [key, value] of Object.entries(super.parsed(row) ?? {})) session[key] = value
        return row ? session : null
      }
    },
    caughtBy: ['data keys that objects have of themselves are data'],
  },
  'keeps the object it was given': {
    Liar: class extends ReferenceStore {
      protected objects = new Map<string, any>()
      override set(sid: string, session: any, callback?: Callback) {
        this.objects.set(sid, session)
        return super.set(sid, session, callback)
      }
      override get(sid: string, callback?: Callback) {
        return this.answer(callback, () => this.live(sid) && this.objects.get(sid))
      }
    },
    caughtBy: [
      'what is changed after set has answered is not in the store',
      "what get gave is the caller's own: changing it changes nothing",
      'a live session is kept as plain data, without its methods and its request',
    ],
  },
  'writes a moment later, and the object as it is then': {
    Liar: class extends ReferenceStore {
      override async set(sid: string, session: any, callback?: Callback) {
        await later()
        return super.set(sid, session, callback)
      }
    },
    caughtBy: ['set takes the session as it is when it is called'],
  },
  'gives the same object to everybody': {
    Liar: class extends ReferenceStore {
      #parsed = new Map<string, any>()
      protected override parsed(row: any) {
        if (row && !this.#parsed.has(row.body)) this.#parsed.set(row.body, super.parsed(row as never))
        return row ? this.#parsed.get(row.body) : null
      }
    },
    caughtBy: ["what get gave is the caller's own: changing it changes nothing"],
  },
  'loses what is in the cookie': {
    Liar: class extends ReferenceStore {
      protected override parsed(row: never) {
        const session = super.parsed(row)
        return session && { ...session, cookie: { expires: session.cookie.expires } }
      }
    },
    caughtBy: ['the cookie comes back with its end and the life it was meant to have'],
  },
  'copies every property that it can find': {
    Liar: class extends ReferenceStore {
      override set(sid: string, session: any, callback?: Callback) {
        const { cookie } = session
        const flat = {
          ...session,
          cookie: { ...cookie, toJSON: undefined, expires: cookie.expires },
          save: 'function',
        }
        return super.set(sid, flat, callback)
      }
    },
    caughtBy: ['a live session is kept as plain data, without its methods and its request'],
  },
  'notes the time of access on the object': {
    Liar: class extends ReferenceStore {
      override set(sid: string, session: any, callback?: Callback) {
        session.__lastAccess = 1
        return super.set(sid, session, callback)
      }
    },
    caughtBy: ['set leaves the session object as it was'],
  },
  'never looks at the end': {
    Liar: class extends ReferenceStore {
      protected override live(key: string) {
        this.mustWork()
        return this.data.rows.get(key)
      }
    },
    caughtBy: [
      'a session whose time has passed is not given away',
      'a session whose cookie has ended already when it is set is not given away',
      'touch moves the end backwards',
      'touch does not bring back a session whose time has passed',
      'all and length leave out those whose time has passed',
    ],
  },
  'counts milliseconds in 31 bits': {
    Liar: class extends ReferenceStore {
      protected override write(key: string, row: { body: string; expires: number }) {
        const left = row.expires - this.data.time
        super.write(key, left < 2 ** 31 ? row : { ...row, expires: this.data.time + 1 })
      }
    },
    caughtBy: [
      'a cookie that ends later than in 2^31 milliseconds has not ended',
      'a session without an end is kept, and can be destroyed',
    ],
  },
  'leaves the end of before': {
    Liar: class extends ReferenceStore {
      protected override write(key: string, row: { body: string; expires: number }) {
        super.write(key, { ...row, expires: this.data.rows.get(key)?.expires ?? row.expires })
      }
    },
    caughtBy: [
      'set moves the end, and no end of before clings to the session',
      'touch moves the end forwards',
      'touch moves the end backwards',
    ],
  },
  'creates in touch': {
    Liar: class extends ReferenceStore {
      override touch(sid: string, session: any, callback?: Callback) {
        return super.set(sid, session, callback)
      }
    },
    caughtBy: [
      'touch of a session that is not there creates nothing',
      'touch does not bring back a session that is destroyed at the same time',
      'touch leaves the data in the store as they are',
    ],
  },
  'revives in touch what no prune has taken yet': {
    Liar: class extends ReferenceStore {
      override touch(sid: string, session: any, callback?: Callback) {
        return this.answer(callback, () => {
          const row = this.data.rows.get(this.prefix + sid)
          if (row) this.write(this.prefix + sid, { ...row, expires: session.cookie.expires.getTime() })
        })
      }
    },
    caughtBy: [
      'touch does not bring back a session whose time has passed',
      'after touch, get shows the new end',
    ],
  },
  'calls back twice': {
    Liar: class extends ReferenceStore {
      protected override answer(callback: Callback, work: () => unknown) {
        if (callback) setImmediate(callback, null, null)
        return super.answer(callback, work)
      }
    },
    caughtBy: ['every callback is called once'],
  },
  'calls back at once': {
    Liar: class extends ReferenceStore {
      protected override answer(callback: Callback, work: () => unknown) {
        if (!callback) return super.answer(callback, work)
        let value: unknown
        try {
          value = work()
        } catch (error) {
          return callback(error)
        }
        callback(null, value)
        return undefined
      }
    },
    caughtBy: ['no callback is called before the call has returned'],
  },
  'takes what a callback throws for a failure of its own': {
    Liar: class extends ReferenceStore {
      protected override async answer(callback: Callback, work: () => unknown) {
        await later()
        try {
          const value = work()
          return callback ? callback(null, value) : value
        } catch (error) {
          return callback?.(error)
        }
      }
    },
    caughtBy: [
      'a callback of get that throws is not called again, and what it throws reaches the process',
      'a callback of set, touch or destroy that throws is not called again, and what it throws reaches the process',
    ],
  },
  'needs a callback': {
    Liar: class extends ReferenceStore {
      protected override answer(callback: Callback, work: () => unknown) {
        return super.answer(callback as never, () => {
          const value = work()
          if (!callback) queueMicrotask(() => (callback as never as () => void)())
          return value
        })
      }
    },
    caughtBy: [
      'set, touch and destroy work without a callback',
      'touch and destroy of a session that is not there work without a callback',
    ],
  },
  'gives no promise': {
    Liar: class extends ReferenceStore {
      override get(sid: string, callback?: Callback) {
        void super.get(sid, callback)
      }
    },
    caughtBy: ['without a callback a method gives a promise of what it would call back with'],
  },
  'throws at the caller what JSON cannot write': {
    Liar: class extends ReferenceStore {
      override set(sid: string, session: any, callback?: Callback) {
        JSON.stringify(session)
        return super.set(sid, session, callback)
      }
    },
    caughtBy: ['a session that JSON cannot write is an error of the callback, and the one of before stays'],
  },
  'shows expired sessions and repeats the last': {
    Liar: class extends ReferenceStore {
      override all(callback?: Callback) {
        return this.answer(callback, () => {
          const sessions = [...this.data.rows].map(([id, row]) => ({ ...this.parsed(row), id }))
          return [...sessions, ...sessions.slice(-1)]
        })
      }
    },
    caughtBy: [
      'all gives every session by its id, with its data',
      'all and length leave out those whose time has passed',
      'all gives 1000 sessions, each once',
    ],
  },
  'lists on a plain object': {
    Liar: class extends ReferenceStore {
      override all(callback?: Callback) {
        return this.answer(callback, () => {
          const sessions = {} as Record<string, unknown>
          for (const key of this.keys()) sessions[key] = this.parsed(this.live(key))
          return sessions
        })
      }
    },
    caughtBy: ['all shows a session whatever its id'],
  },
  'lists ids that destroy does not know': {
    Liar: class extends ReferenceStore {
      override all(callback?: Callback) {
        return this.answer(callback, () =>
          Object.fromEntries(this.keys().map((key) => [`sess:${key}`, this.parsed(this.live(key))])),
        )
      }
    },
    caughtBy: ['what all gave can be destroyed by the id it came with'],
  },
  'counts every set': {
    Liar: class extends ReferenceStore {
      #sets = 0
      override set(sid: string, session: any, callback?: Callback) {
        this.#sets++
        return super.set(sid, session, callback)
      }
      override length(callback?: Callback) {
        return this.answer(callback, () => this.#sets)
      }
    },
    caughtBy: ['length counts the sessions'],
  },
  'clears a hundred': {
    Liar: class extends ReferenceStore {
      override clear(callback?: Callback) {
        return this.answer(callback, () => {
          for (const key of this.keys().slice(0, 100)) this.data.rows.delete(key)
        })
      }
    },
    caughtBy: ['clear ends every session, and does so before it answers'],
  },
  'takes its prefix for a pattern': {
    Liar: class extends ReferenceStore {
      protected override keys() {
        const pattern = new RegExp(`^${this.prefix.replace(/[*%]/g, '.*').replace(/[?_]/g, '.')}`)
        return [...this.data.rows.keys()].filter((key) => pattern.test(key) && this.live(key))
      }
    },
    caughtBy: ['a prefix is taken literally and keeps stores apart'],
  },
  'says absent when it is down': {
    Liar: class extends ReferenceStore {
      override get(sid: string, callback?: Callback) {
        return this.data.down ? this.answer(callback, () => null) : super.get(sid, callback)
      }
    },
    caughtBy: ['a store that is down calls back with an error'],
  },
  'stays down once it was down': {
    Liar: class extends ReferenceStore {
      #failed = false
      protected override mustWork() {
        this.#failed ||= this.data.down
        if (this.#failed) throw new Error('broken')
      }
    },
    caughtBy: [
      'a store that was down recovers by itself',
      'a store whose very first call met a dead server works when the server is back',
      'errors say with a code that it was the store, and carry the cause',
    ],
  },
  'rejects where nobody listens': {
    Liar: class extends ReferenceStore {
      protected override answer(callback: Callback, work: () => unknown) {
        if (callback) return super.answer(callback, work)
        return new Promise((resolve) => resolve(work()))
      }
    },
    caughtBy: [
      'a call that fails without a callback does not end the process',
      'without a callback a method gives a promise of what it would call back with',
    ],
  },
  'cannot be closed twice': {
    Liar: class extends ReferenceStore {
      override async close() {
        if (this.closed) throw new Error('already closed')
        this.closed = true
      }
    },
    caughtBy: ['close may be called twice'],
  },
  'closes the client that it was given': {
    Liar: class extends ReferenceStore {
      override async close() {
        this.data.clientOpen = false
      }
    },
    caughtBy: ['a client that was given stays open after close'],
  },
}
