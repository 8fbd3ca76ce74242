import { setImmediate as later } from 'node:timers/promises'
import type { Awaitable, Entry, Replaced, StoreKey } from '../../lib/store/backend'
import { ReferenceBackend } from '../support/reference-backend'

/** Does everything right, one turn of the event loop later: what a network store looks like from outside. */
export class LaterBackend extends ReferenceBackend {
  override async read(key: StoreKey): Promise<Entry | undefined> {
    await later()
    return super.read(key)
  }
  override async create(key: StoreKey, entry: Entry): Promise<boolean> {
    await later()
    return super.create(key, entry)
  }
  override async replace(key: StoreKey, seen: string, entry: Entry): Promise<Replaced> {
    await later()
    return super.replace(key, seen, entry)
  }
  override async remove(key: StoreKey): Promise<boolean> {
    await later()
    return super.remove(key)
  }
  override async extend(key: StoreKey, expires: number): Promise<boolean> {
    await later()
    return super.extend(key, expires)
  }
}

interface Liar {
  Liar: typeof ReferenceBackend
  /** The names of the cases that must find it out (others may too). */
  caughtBy: string[]
}

const truncated = (key: string) => key.slice(0, 500)
const never = Number.POSITIVE_INFINITY

/** Each is the reference with one wrong idea, of a kind that real stores have had. */
export const liars: Record<string, Liar> = {
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
  'forgets everything when it is closed': {
    Liar: class extends ReferenceBackend {
      override close() {
        super.close()
        this.data.entries.clear()
      }
    },
    caughtBy: ['data outlive the backend that wrote them'],
  },
  'says absent when it cannot tell': {
    Liar: class extends ReferenceBackend {
      override read(key: StoreKey) {
        return this.data.down ? undefined : super.read(key)
      }
    },
    caughtBy: [
      'a store that cannot tell gives an error, never an answer',
      'a store that was down recovers by itself, however often',
    ],
  },
  'stays down once it was down': {
    Liar: class extends ReferenceBackend {
      #failed = false
      protected override mustWork() {
        this.#failed ||= this.data.down
        if (this.#failed) throw new Error('broken')
        super.mustWork()
      }
    },
    caughtBy: ['a store that was down recovers by itself, however often'],
  },
  'tells each loss twice': {
    Liar: class extends ReferenceBackend {
      override watch(onDown: () => void, onUp: () => void) {
        super.watch(() => {
          onDown()
          onDown()
        }, onUp)
      }
    },
    caughtBy: ['the store above is told once of each loss and of each recovery'],
  },
  'cannot be closed twice': {
    Liar: class extends ReferenceBackend {
      override close() {
        if (this.closed) throw new Error('already closed')
        super.close()
      }
    },
    caughtBy: ['close may be called twice, also at once'],
  },
  'goes on after close': {
    Liar: class extends ReferenceBackend {
      override close() {}
    },
    caughtBy: ['a call after close fails with ERR_SESSION_CLOSED'],
  },
  'acknowledges writes that it drops when it is closed': {
    Liar: class extends LaterBackend {
      override async create(key: StoreKey, entry: Entry) {
        const free = !this.live(key)
        await later()
        if (free && !this.closed) this.write(key, entry)
        return free
      }
    },
    caughtBy: ['a write that was begun before close is done or fails, and close waits for it'],
  },
  'closes the client that it was given': {
    Liar: class extends ReferenceBackend {
      override close() {
        super.close()
        this.data.down = true
      }
    },
    caughtBy: ['a client that was given stays open after close'],
  },
}
