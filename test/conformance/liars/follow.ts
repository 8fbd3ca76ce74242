import type { Entry, StoreKey } from '../../../lib/backend/contract'
import type { Ending, NewsListener } from '../../../lib/backend/news'
import { ReferenceBackend } from '../../support/reference-backend'
import type { Liar } from './liar'

const EACH =
  'whoever follows is told of each key that is created, changed or ended, by any backend on the data'
const MANY = 'of many changes at once none is missed, and a read after the telling answers the newest of them'
const REASON = 'the reason of an end goes along, and the key under which a session goes on'
const NO_END = 'what changed nothing is no end'
const PREFIX = 'a key of another prefix is not told of'
const SEVERAL = 'several may follow, and nothing is told to one that has stopped'
const GAP = 'whoever follows hears of a gap after a lost connection, and of what comes then'

/** Tell what did not happen, or not what did. */
export const followLiars: Record<string, Liar<typeof ReferenceBackend>> = {
  'does not tell of ends': {
    Liar: class extends ReferenceBackend {
      protected override tell(key: StoreKey, ending?: Ending) {
        if (this.live(key)) super.tell(key, ending)
      }
    },
    caughtBy: [EACH, REASON],
  },
  'tells only of what it has done itself': {
    Liar: class extends ReferenceBackend {
      #own = new Set<StoreKey>()
      protected override tell(key: StoreKey, ending?: Ending) {
        this.#own.add(key)
        super.tell(key, ending)
        this.#own.delete(key)
      }
      override follow(prefix: string, listener: NewsListener) {
        return super.follow(prefix, (news) => {
          if (news === 'gap' || this.#own.has(news.key)) listener(news)
        })
      }
    },
    caughtBy: [EACH, MANY, REASON],
  },
  'tells of a change before it is made': {
    Liar: class extends ReferenceBackend {
      override replace(key: StoreKey, seen: string, entry: Entry, ending?: Ending) {
        const standing = this.live(key)
        if (standing?.body !== seen) return standing
        this.tell(key, ending)
        this.data.entries.set(key, entry)
        return true
      }
      protected override tell(key: StoreKey, ending?: Ending) {
        const before = this.data.entries.get(key)
        this.data.followers.tell({ key, ended: !this.live(key), ending })
        if (before?.body === '{"n":0}') this.stale = before
      }
      stale: Entry | undefined
      override read(key: StoreKey) {
        return this.stale ?? super.read(key)
      }
    },
    caughtBy: [MANY],
  },
  'forgets why': {
    Liar: class extends ReferenceBackend {
      protected override tell(key: StoreKey) {
        super.tell(key)
      }
    },
    caughtBy: [REASON],
  },
  'tells of an end that another request has prevented': {
    Liar: class extends ReferenceBackend {
      override replace(key: StoreKey, seen: string, entry: Entry, ending?: Ending) {
        if (ending) this.data.followers.tell({ key, ended: true, ending })
        return super.replace(key, seen, entry, ending)
      }
    },
    caughtBy: [NO_END],
  },
  'tells of all keys': {
    Liar: class extends ReferenceBackend {
      override follow(_prefix: string, listener: NewsListener) {
        return super.follow('', listener)
      }
    },
    caughtBy: [PREFIX],
  },
  'goes on telling when it was stopped': {
    Liar: class extends ReferenceBackend {
      override follow(prefix: string, listener: NewsListener) {
        super.follow(prefix, listener)
        return () => {}
      }
    },
    caughtBy: [SEVERAL],
  },
  'says nothing of a gap': {
    Liar: class extends ReferenceBackend {
      override follow(prefix: string, listener: NewsListener) {
        return super.follow(prefix, (news) => {
          if (news !== 'gap') listener(news)
        })
      }
    },
    caughtBy: [GAP],
  },
}
