import { setImmediate as later } from 'node:timers/promises'
import { type Callback, ReferenceStore } from '../../support/reference-store'
import type { Liar } from './liar'

/** Wrong about callbacks, lists, and being down. */
export const callStoreLiars: Record<string, Liar<typeof ReferenceStore>> = {
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
