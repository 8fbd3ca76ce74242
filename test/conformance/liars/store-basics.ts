import { setImmediate as later } from 'node:timers/promises'
import { type Callback, ReferenceStore } from '../../support/reference-store'
import type { Liar } from './liar'

/** Wrong about absence, keeping and ending. */
export const basicStoreLiars: Record<string, Liar<typeof ReferenceStore>> = {
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
}
