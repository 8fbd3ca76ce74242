import type { Entry, StoreKey } from '../../../lib/backend/contract'
import { ReferenceBackend } from '../../support/reference-backend'
import type { Liar } from './liar'

const truncated = (key: string) => key.slice(0, 500)

/** Wrong about what an entry is, and when it is there. */
export const entryLiars: Record<string, Liar<typeof ReferenceBackend>> = {
  'has no prune although it says so': {
    Liar: class extends ReferenceBackend {
      override prune = undefined as never
    },
    caughtBy: ['it has exactly the optional methods that its capabilities name'],
  },
  'answers null for an absent entry': {
    Liar: class extends ReferenceBackend {
      override read(key: StoreKey) {
        return super.read(key) ?? (null as never)
      }
    },
    caughtBy: ['an absent key is undefined or false in every verb, and nothing comes of asking'],
  },
  'gives an entry once': {
    Liar: class extends ReferenceBackend {
      override read(key: StoreKey) {
        const entry = this.live(key)
        if (entry) this.data.entries.delete(key)
        return entry
      }
    },
    caughtBy: ['what was created is read back, body and deadline, again and again'],
  },
  'creates over what is there': {
    Liar: class extends ReferenceBackend {
      override create(key: StoreKey, entry: Entry) {
        const free = !this.live(key)
        this.write(key, entry)
        return free
      }
    },
    caughtBy: [
      'create refuses a taken key and changes nothing',
      'of many who create one key at once exactly one succeeds, and its body stands',
    ],
  },
  'takes a retry of the same body for success': {
    Liar: class extends ReferenceBackend {
      override create(key: StoreKey, entry: Entry) {
        return this.live(key)?.body === entry.body || super.create(key, entry)
      }
    },
    caughtBy: ['create refuses a taken key and changes nothing'],
  },
  'says that it removed what was not there': {
    Liar: class extends ReferenceBackend {
      override remove(key: StoreKey) {
        super.remove(key)
        return true
      }
    },
    caughtBy: [
      'remove takes an entry away, once',
      'of many who remove one entry at once exactly one took it away',
      'an entry past its deadline is absent in every verb, before any prune',
    ],
  },
  'keeps entries on a plain object': {
    Liar: class extends ReferenceBackend {
      #plain = {} as Record<string, Entry>
      protected override live(key: StoreKey) {
        this.mustWork()
        return this.#plain[key]
      }
      protected override write(key: StoreKey, entry: Entry) {
        this.#plain[key] = entry
      }
    },
    caughtBy: ['names that objects have of themselves are keys like any other'],
  },
  'folds case, as some collations do': {
    Liar: class extends ReferenceBackend {
      protected override live(key: StoreKey) {
        return super.live(key.toLowerCase())
      }
      protected override write(key: StoreKey, entry: Entry) {
        super.write(key.toLowerCase(), entry)
      }
    },
    caughtBy: ['keys that are nearly alike are different keys'],
  },
  'cuts long keys': {
    Liar: class extends ReferenceBackend {
      protected override live(key: StoreKey) {
        return super.live(truncated(key))
      }
      protected override write(key: StoreKey, entry: Entry) {
        super.write(truncated(key), entry)
      }
    },
    caughtBy: [
      'keys that are nearly alike are different keys',
      'a very long key is kept whole or refused with an error, never cut',
    ],
  },
  'keeps the object it was given and gives it away': {
    Liar: class extends ReferenceBackend {
      protected override live(key: StoreKey) {
        return super.live(key) && this.data.entries.get(key)
      }
      protected override write(key: StoreKey, entry: Entry) {
        this.data.entries.set(key, entry)
      }
    },
    caughtBy: ['objects given and got are not the entry: changing them changes nothing'],
  },
  'reads bodies as latin1': {
    Liar: class extends ReferenceBackend {
      protected override write(key: StoreKey, entry: Entry) {
        super.write(key, { ...entry, body: Buffer.from(entry.body, 'latin1').toString('latin1') })
      }
    },
    caughtBy: ['a body comes back as it was: unicode, a megabyte, keys that objects have of themselves'],
  },
  'decodes and encodes JSON on the way, as a column of binary JSON does': {
    Liar: class extends ReferenceBackend {
      protected override write(key: StoreKey, entry: Entry) {
        super.write(key, { ...entry, body: JSON.stringify(JSON.parse(entry.body)) })
      }
    },
    caughtBy: ['a body comes back as it was: unicode, a megabyte, keys that objects have of themselves'],
  },
  'ends a body at its first NUL': {
    Liar: class extends ReferenceBackend {
      protected override write(key: StoreKey, entry: Entry) {
        super.write(key, { ...entry, body: entry.body.split('\0')[0] ?? '' })
      }
    },
    caughtBy: ['a body need not be JSON: empty, NUL, line ends, quotes, a megabyte of text'],
  },
}
