import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import type { Backend, Entry, StoreKey } from '../../lib/backend/contract'
import { HistoryLog } from './history-log'
import { openStore, type StoreAt } from './openers'

/** What each process is told to do. */
export interface Task {
  at: StoreAt
  seed: number
  process: number
  operations: number
  log: string
  sessions: Sessions
}

/** The names of the sessions, by what may happen to them. */
export interface Sessions {
  /** Changed, counted, touched and renewed. */
  lasting: string[]
  /** Changed, touched and destroyed. */
  mortal: string[]
  /** Not there at first. */
  contested: string[]
}

export type Fields = Record<string, number>

/** A session under a new key leaves this behind until its old key is removed. */
interface Moved {
  movedTo: string
}

/** The record that says under which key a session stands now. */
export const directory = (session: string): StoreKey => `at:${session}`

/** How often the session of this key has been renewed. */
const generation = (key: StoreKey): number => Number(key.split('.')[1] ?? 0)

const HOUR_MS = 3_600_000
/** How often one operation starts anew on a conflict: far more than processes can cause by turns. */
const MOST_TRIES = 500

export function randomOf(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Finds the key and entry of a session that may be under way from one key to another. */
export async function find(backend: Backend, session: string): Promise<[StoreKey, Entry] | undefined> {
  for (let tries = 0; tries < 50; tries++) {
    const at = await backend.read(directory(session))
    let key: StoreKey = at ? JSON.parse(at.body).key : session
    for (let hops = 0; hops < 20; hops++) {
      const entry = await backend.read(key)
      if (!entry) break
      const { movedTo } = JSON.parse(entry.body) as Partial<Moved>
      if (movedTo === undefined) return [key, entry]
      key = movedTo
    }
    if (!at) return undefined
    await turn()
  }
  return undefined
}

class Worker {
  readonly #random: () => number
  readonly #log: HistoryLog
  readonly #field: string
  readonly #held = new Map<string, [StoreKey, Entry]>()
  #value = 0
  conflicts = 0
  unsure = 0

  constructor(
    private readonly backend: Backend,
    private readonly task: Task,
  ) {
    this.#random = randomOf(task.seed * 1000 + task.process)
    this.#log = new HistoryLog(task.log, task.process)
    this.#field = `p${task.process}`
  }

  async run(): Promise<void> {
    const { lasting, mortal, contested } = this.task.sessions
    for (let i = 0; i < this.task.operations; i++) {
      const dice = this.#random()
      let outcome: string
      if (dice < 0.3) outcome = await this.#merge(this.#one(lasting))
      else if (dice < 0.45) outcome = await this.#count(this.#one(lasting))
      else if (dice < 0.5) outcome = await this.#renew(this.#one(lasting), i)
      else if (dice < 0.65) outcome = await this.#merge(this.#one(mortal))
      else if (dice < 0.7) outcome = await this.#destroy(this.#one(mortal))
      else if (dice < 0.78) outcome = await this.#touch(this.#one(dice < 0.74 ? lasting : mortal))
      else if (dice < 0.86) outcome = await this.#create(this.#one(contested))
      else outcome = await this.#read(this.#one(dice < 0.94 ? lasting : mortal))
      if (outcome !== 'unsure') continue
      this.unsure++
      await sleep(20)
    }
  }

  #one(sessions: string[]): string {
    return sessions[Math.floor(this.#random() * sessions.length)] ?? ''
  }

  /** Deadlines differ, so that one that was never set would show. */
  #deadline(): number {
    return Date.now() + HOUR_MS + Math.floor(this.#random() * HOUR_MS)
  }

  #merge(session: string) {
    const field = this.#field
    return this.#log.deed({ op: 'merge', session, field, value: ++this.#value }, ({ value }) =>
      this.#change(session, (fields) => ({ ...fields, [field]: value })),
    )
  }

  #count(session: string) {
    return this.#log.deed({ op: 'count', session }, () =>
      this.#change(session, (fields) => ({ ...fields, n: (fields['n'] ?? 0) + 1 })),
    )
  }

  /** Now, or long ago, as by a request that takes its time. */
  async #loaded(session: string): Promise<[StoreKey, Entry] | undefined> {
    const held = this.#held.get(session)
    if (held && this.#random() < 0.4) return held
    const found = await find(this.backend, session)
    if (found) this.#held.set(session, found)
    return found
  }

  /** As a store does it: apply the change to what stands there, until nobody was in between. */
  async #change(session: string, change: (fields: Fields) => Fields | Moved): Promise<boolean> {
    let found = await this.#loaded(session)
    for (let tries = 0; found && tries < MOST_TRIES; tries++) {
      const [key, { body }] = found
      const next = { body: JSON.stringify(change(JSON.parse(body))), expires: this.#deadline() }
      const answer = await this.backend.replace(key, body, next)
      if (answer === true) return true
      this.conflicts++
      const isHere = answer && !('movedTo' in JSON.parse(answer.body))
      found = isHere ? [key, answer] : await find(this.backend, session)
    }
    return false
  }

  /** The copy stands before the old key says where to; the moment of that is when it counts. */
  #renew(session: string, number: number) {
    return this.#log.deed({ op: 'renew', session, from: '' }, async (deed) => {
      const found = await find(this.backend, session)
      if (!found) return false
      const [from, { body, expires }] = found
      const to = `${session}.${generation(from) + 1}.${this.task.process}.${number}`
      deed.from = from
      if (!(await this.backend.create(to, { body, expires }))) return false
      const moved: Moved = { movedTo: to }
      if ((await this.backend.replace(from, body, { body: JSON.stringify(moved), expires })) !== true) {
        this.conflicts++
        await this.backend.remove(to)
        return false
      }
      await this.#point(session, to)
      await this.backend.remove(from)
      return true
    })
  }

  /** One that was quicker may have moved it on already. */
  async #point(session: string, to: StoreKey): Promise<void> {
    const key = directory(session)
    let at = await this.backend.read(key)
    while (at && generation(JSON.parse(at.body).key) < generation(to)) {
      const next = { body: JSON.stringify({ key: to }), expires: Number.POSITIVE_INFINITY }
      const answer = await this.backend.replace(key, at.body, next)
      if (answer === true) return
      at = answer
    }
  }

  #destroy(session: string) {
    return this.#log.deed({ op: 'destroy', session }, async () => this.backend.remove(session))
  }

  #touch(session: string) {
    return this.#log.deed({ op: 'touch', session, expires: this.#deadline() }, async ({ expires }) => {
      const found = await this.#loaded(session)
      return found !== undefined && this.backend.extend(found[0], expires)
    })
  }

  #create(session: string) {
    const by = `${this.#field}.${++this.#value}`
    return this.#log.deed({ op: 'create', session, by }, async () =>
      this.backend.create(session, { body: JSON.stringify({ by }), expires: this.#deadline() }),
    )
  }

  #read(session: string) {
    return this.#log.deed({ op: 'read', session, fields: undefined as Fields | undefined }, async (deed) => {
      const found = await find(this.backend, session)
      deed.fields = found && (JSON.parse(found[1].body) as Fields)
      return found !== undefined
    })
  }
}

/** As a process of its own: takes its task, says `ready`, starts together with the others. */
async function main(): Promise<void> {
  const message = (): Promise<unknown> => new Promise((resolve) => process.once('message', resolve))
  const task = (await message()) as Task
  const backend = openStore(task.at)
  const go = message()
  process.send?.('ready')
  await go
  const worker = new Worker(backend, task)
  await worker.run()
  await backend.close?.()
  process.send?.({ conflicts: worker.conflicts, unsure: worker.unsure }, () => process.disconnect())
}

if (require.main === module) void main()
