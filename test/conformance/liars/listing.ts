import type { Entry, StoreKey } from '../../../lib/backend/contract'
import { ReferenceBackend } from '../../support/reference-backend'
import type { Liar } from './liar'

/** Wrong about what there is, and whose. */
export const listingLiars: Record<string, Liar<typeof ReferenceBackend>> = {
  'lists by pattern': {
    Liar: class extends ReferenceBackend {
      override async *scan(prefix = ''): AsyncGenerator<[StoreKey, Entry]> {
        const pattern = new RegExp(`^${prefix.replace(/[*%]/g, '.*').replace(/[?_]/g, '.')}`)
        for await (const each of super.scan()) if (pattern.test(each[0])) yield each
      }
    },
    caughtBy: ['a listing takes its prefix literally'],
  },
  'repeats itself while listing, as SCAN does when a table grows': {
    Liar: class extends ReferenceBackend {
      override async *scan(prefix = ''): AsyncGenerator<[StoreKey, Entry]> {
        let step = 0
        for await (const each of super.scan(prefix)) {
          yield each
          if (++step % 1000 === 0) yield each
        }
      }
    },
    caughtBy: [
      'a listing of 10,000 gives each that stands throughout exactly once while others come, go and change',
    ],
  },
  'lists by number of page, so that a removal makes it miss one': {
    Liar: class extends ReferenceBackend {
      override async *scan(prefix = ''): AsyncGenerator<[StoreKey, Entry]> {
        for (let offset = 0; ; offset += 100) {
          const page = [...this.data.entries]
            .filter(([key]) => key.startsWith(prefix))
            .slice(offset, offset + 100)
          if (page.length === 0) return
          yield* page
        }
      }
    },
    caughtBy: [
      'a listing of 10,000 gives each that stands throughout exactly once while others come, go and change',
    ],
  },
  'has one cursor for all listings': {
    Liar: class extends ReferenceBackend {
      #rest: StoreKey[] | undefined
      override async *scan(prefix = ''): AsyncGenerator<[StoreKey, Entry]> {
        this.#rest ??= [...this.data.entries.keys()]
        for (let key = this.#rest.shift(); key !== undefined; key = this.#rest?.shift()) {
          const entry = key.startsWith(prefix) ? this.live(key) : undefined
          if (entry) yield [key, entry]
        }
        this.#rest = undefined
      }
    },
    caughtBy: ['a listing may be left early, and two may go on at once'],
  },
  'prunes the living': {
    Liar: class extends ReferenceBackend {
      override prune() {
        const { size } = this.data.entries
        this.data.entries.clear()
        return size
      }
    },
    caughtBy: ['prune drops what is past its deadline at the given time, counts it, and keeps the living'],
  },
  'prunes one batch and says it is done': {
    Liar: class extends ReferenceBackend {
      override prune(now: number) {
        const dead = [...this.data.entries].filter(([, entry]) => entry.expires <= now).slice(0, 1000)
        for (const [key] of dead) this.data.entries.delete(key)
        return dead.length
      }
    },
    caughtBy: ['prune drops what is past its deadline at the given time, counts it, and keeps the living'],
  },
  'prunes by the first deadline that a key had': {
    Liar: class extends ReferenceBackend {
      #first = new Map<string, number>()
      protected override write(key: StoreKey, entry: Entry) {
        if (!this.#first.has(key)) this.#first.set(key, entry.expires)
        super.write(key, entry)
      }
      override prune(now: number) {
        const dead = [...this.#first].filter(([, expires]) => expires <= now)
        for (const [key] of dead) this.data.entries.delete(key)
        return dead.length
      }
    },
    caughtBy: ['prune goes by the deadline of now, not by one of before'],
  },
  'lists an owner’s entries in the order of creation': {
    Liar: class extends ReferenceBackend {
      override ownedBy(owner: string) {
        return [...this.data.entries].filter(([key, entry]) => entry.owner === owner && this.live(key))
      }
    },
    caughtBy: ["an owner's entries come nearest deadline first, with body and deadline, and nobody else's"],
  },
  'remembers the first owner for ever': {
    Liar: class extends ReferenceBackend {
      protected override write(key: StoreKey, entry: Entry) {
        super.write(key, { ...entry, owner: this.data.entries.get(key)?.owner ?? entry.owner })
      }
    },
    caughtBy: [
      'the index of owners follows every write, removal and deadline',
      'what has expired is nobody’s, and its key may come back under another owner',
      'the index of owners survives many changes at once',
    ],
  },
  'finds owners by pattern': {
    Liar: class extends ReferenceBackend {
      override ownedBy(owner: string) {
        const pattern = new RegExp(`^${owner.replace(/[*%]/g, '.*')}$`, 'i')
        return [...this.data.entries].filter(
          ([key, entry]) => pattern.test(entry.owner ?? '') && this.live(key),
        )
      }
    },
    caughtBy: [
      'owners are plain words, nearly alike is not alike, and no owner’s name reaches into another’s',
    ],
  },
}
