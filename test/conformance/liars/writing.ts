import { setImmediate as later } from 'node:timers/promises'
import type { Entry, Replaced, StoreKey } from '../../../lib/backend/contract'
import type { Awaitable } from '../../../lib/base/async'
import { ReferenceBackend } from '../../support/reference-backend'
import { LaterBackend } from './later-backend'
import type { Liar } from './liar'

/** Wrong about who may write, and over what. */
export const writingLiars: Record<string, Liar<typeof ReferenceBackend>> = {
  'writes blindly': {
    Liar: class extends ReferenceBackend {
      override replace(key: StoreKey, _seen: string, entry: Entry): Replaced {
        if (!this.live(key)) return undefined
        this.write(key, entry)
        return true
      }
    },
    caughtBy: [
      'replace answers with what stands there when that is not what was seen, and changes nothing',
      'replace tells bodies apart by every code unit, not by what they mean',
      "of many who replace the same body at once exactly one succeeds, and the others get the winner's",
      'a write that was refused leaves the index of owners alone',
    ],
  },
  'compares, lets others in, then writes': {
    Liar: class extends LaterBackend {
      override async replace(key: StoreKey, seen: string, entry: Entry): Promise<Replaced> {
        const standing = this.live(key)
        if (standing?.body !== seen) return standing
        await later()
        if (!this.live(key)) return undefined
        this.write(key, entry)
        return true
      }
    },
    caughtBy: [
      "of many who replace the same body at once exactly one succeeds, and the others get the winner's",
      'many who merge their own key into one body at once all find it there afterwards',
    ],
  },
  'does not write when the body stays the same, whatever the deadline': {
    Liar: class extends ReferenceBackend {
      override replace(key: StoreKey, seen: string, entry: Entry) {
        return this.live(key)?.body === entry.body && seen === entry.body
          ? true
          : super.replace(key, seen, entry)
      }
    },
    caughtBy: ['replace writes when the body is the one that was seen'],
  },
  'compares what bodies mean': {
    Liar: class extends ReferenceBackend {
      override replace(key: StoreKey, seen: string, entry: Entry) {
        const standing = this.live(key)
        const same =
          standing && JSON.stringify(JSON.parse(standing.body)) === JSON.stringify(JSON.parse(seen))
        return super.replace(key, same ? standing.body : seen, entry)
      }
    },
    caughtBy: ['replace tells bodies apart by every code unit, not by what they mean'],
  },
  'creates in replace': {
    Liar: class extends ReferenceBackend {
      override replace(key: StoreKey, seen: string, entry: Entry): Awaitable<Replaced> {
        return this.live(key) ? super.replace(key, seen, entry) : (super.create(key, entry) as true)
      }
    },
    caughtBy: [
      'an absent key is undefined or false in every verb, and nothing comes of asking',
      'replace that races remove brings nothing back',
    ],
  },
  'checks, lets others in, then creates': {
    Liar: class extends LaterBackend {
      override async create(key: StoreKey, entry: Entry) {
        if (this.live(key)) return false
        await later()
        this.write(key, entry)
        return true
      }
    },
    caughtBy: [
      'of many who create one key at once exactly one succeeds, and its body stands',
      'of many who create over one expired entry at once exactly one succeeds',
    ],
  },
  'keeps what it has read': {
    Liar: class extends ReferenceBackend {
      #cache = new Map<string, Entry>()
      override read(key: StoreKey) {
        const entry = this.#cache.get(key) ?? this.live(key)
        if (entry) this.#cache.set(key, entry)
        return entry
      }
    },
    caughtBy: ['what one backend was told is written, another on the same data reads at once'],
  },
}
