import { setImmediate as later } from 'node:timers/promises'
import { type Callback, ReferenceStore } from '../../support/reference-store'
import type { Liar } from './liar'

/** Wrong about what comes back. */
export const dataStoreLiars: Record<string, Liar<typeof ReferenceStore>> = {
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
}
