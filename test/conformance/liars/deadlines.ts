import { setImmediate as later } from 'node:timers/promises'
import type { Entry, StoreKey } from '../../../lib/backend/contract'
import { ReferenceBackend } from '../../support/reference-backend'
import { LaterBackend } from './later-backend'
import type { Liar } from './liar'

const never = Number.POSITIVE_INFINITY

/** Wrong about time. */
export const deadlineLiars: Record<string, Liar<typeof ReferenceBackend>> = {
  'creates in extend': {
    Liar: class extends ReferenceBackend {
      override extend(key: StoreKey, expires: number) {
        this.write(key, { body: this.live(key)?.body ?? '{}', expires })
        return true
      }
    },
    caughtBy: [
      'an absent key is undefined or false in every verb, and nothing comes of asking',
      'extend that races remove brings nothing back',
    ],
  },
  'reads, lets others in, then extends': {
    Liar: class extends LaterBackend {
      override async extend(key: StoreKey, expires: number) {
        const standing = this.live(key)
        await later()
        if (standing) this.write(key, { ...standing, expires })
        return standing !== undefined
      }
    },
    caughtBy: ['extend that races remove brings nothing back'],
  },
  'extends only forwards': {
    Liar: class extends ReferenceBackend {
      override extend(key: StoreKey, expires: number) {
        return super.extend(key, Math.max(expires, this.live(key)?.expires ?? 0))
      }
    },
    caughtBy: ['extend moves the deadline forwards and backwards and leaves the body'],
  },
  'extends by writing an empty body': {
    Liar: class extends ReferenceBackend {
      override extend(key: StoreKey, expires: number) {
        if (!this.live(key)) return false
        this.write(key, { body: '', expires })
        return true
      }
    },
    caughtBy: ['extend moves the deadline forwards and backwards and leaves the body'],
  },
  'knows of deadlines only in prune': {
    Liar: class extends ReferenceBackend {
      protected override live(key: StoreKey) {
        this.mustWork()
        return this.data.entries.get(key)
      }
    },
    caughtBy: [
      'an entry past its deadline is absent in every verb, before any prune',
      'each verb by itself sees that the deadline has passed',
      'an expired entry does not hold its key',
      'a deadline in the past is taken, and makes the entry absent at once',
      'of many who create over one expired entry at once exactly one succeeds',
      'a listing gives every live entry, body and deadline, and no expired one',
      'what has expired is nobody’s, and its key may come back under another owner',
    ],
  },
  'notices only in read that a deadline has passed': {
    Liar: class extends ReferenceBackend {
      override extend(key: StoreKey, expires: number) {
        const standing = this.data.entries.get(key)
        if (standing) this.write(key, { ...standing, expires })
        return standing !== undefined
      }
    },
    caughtBy: ['each verb by itself sees that the deadline has passed'],
  },
  'refuses deadlines that have passed': {
    Liar: class extends ReferenceBackend {
      override create(key: StoreKey, entry: Entry) {
        return entry.expires > this.data.time && super.create(key, entry)
      }
    },
    caughtBy: ['a deadline in the past is taken, and makes the entry absent at once'],
  },
  'counts milliseconds in 31 bits': {
    Liar: class extends ReferenceBackend {
      protected override write(key: StoreKey, entry: Entry) {
        const left = entry.expires - this.data.time
        super.write(key, left < 2 ** 31 ? entry : { ...entry, expires: this.data.time + 1 })
      }
    },
    caughtBy: [
      'a deadline further away than 2^31 milliseconds is kept to the millisecond',
      'an entry that never expires stays, and can be removed',
    ],
  },
  'keeps deadlines in seconds': {
    Liar: class extends ReferenceBackend {
      protected override write(key: StoreKey, entry: Entry) {
        super.write(key, { ...entry, expires: Math.ceil(entry.expires / 1000) * 1000 })
      }
    },
    caughtBy: ['a deadline further away than 2^31 milliseconds is kept to the millisecond'],
  },
  'cannot remove what never expires': {
    Liar: class extends ReferenceBackend {
      override remove(key: StoreKey) {
        return this.live(key)?.expires !== never && super.remove(key)
      }
    },
    caughtBy: ['an entry that never expires stays, and can be removed'],
  },
  'leaves the deadline of before when the new one is never': {
    Liar: class extends ReferenceBackend {
      protected override write(key: StoreKey, entry: Entry) {
        const before = this.data.entries.get(key)?.expires ?? never
        super.write(key, entry.expires === never ? { ...entry, expires: before } : entry)
      }
    },
    caughtBy: ['no deadline of before clings to an entry: never becomes a time, a time becomes never'],
  },
}
