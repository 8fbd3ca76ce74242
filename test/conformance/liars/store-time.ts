import { type Callback, ReferenceStore } from '../../support/reference-store'
import type { Liar } from './liar'

/** Wrong about the end of a session, and about touch. */
export const timeStoreLiars: Record<string, Liar<typeof ReferenceStore>> = {
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
}
