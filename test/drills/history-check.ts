import type { Backend, Entry } from '../../lib/backend/contract'
import type { Deed, Event } from './history-log'
import { directory, type Fields, find, type Sessions } from './history-worker'

type Of<Op extends Deed['op']> = Extract<Event, { op: Op }>

/** A store that keeps the time that is left, as Redis does, adds what a command waits for its server. */
const DELAY_MS = 10_000

/** Compares what the processes were told with what the store has at the end, and with what they saw meanwhile. */
export class HistoryCheck {
  /** Acknowledged changes that are not there, or were not seen by a read that came later. */
  readonly lost: string[] = []
  /** What answered after it had been destroyed or renewed. */
  readonly revived: string[] = []
  /** What cannot be: two who created one key, a deadline or value that nobody wrote. */
  readonly impossible: string[] = []

  constructor(
    private readonly backend: Backend,
    private readonly events: readonly Event[],
  ) {}

  async run({ lasting, mortal, contested }: Sessions): Promise<void> {
    for (const session of lasting) {
      const found = await find(this.backend, session)
      if (found) this.#compare(session, found[1])
      else if (!this.#of('renew', session).some(isUnsure)) this.lost.push(`${session} as a whole`)
    }
    for (const session of mortal) await this.#mortal(session)
    for (const session of contested) await this.#contested(session)
    for (const { session, from } of this.#all('renew').filter(isDone)) {
      if (await this.backend.read(from)) this.revived.push(`${session} under its old key`)
    }
    for (const read of this.#all('read')) this.#seen(read)
  }

  #all<Op extends Deed['op']>(op: Op): Array<Of<Op>> {
    return this.events.filter((event): event is Of<Op> => event.op === op)
  }

  #of<Op extends Deed['op']>(op: Op, session: string): Array<Of<Op>> {
    return this.#all(op).filter((event) => event.session === session)
  }

  /** Each field holds the last acknowledged value of its process, or one that it was not sure of. */
  #compare(session: string, { body, expires }: Entry): void {
    const fields = JSON.parse(body) as Fields
    const { least, most } = this.#expected(session, Number.POSITIVE_INFINITY)
    for (const field of most.keys()) {
      const value = fields[field] ?? 0
      const [from, to] = [least.get(field) ?? 0, most.get(field) ?? 0]
      if (value < from) this.lost.push(`${session}: ${field} is ${value}, acknowledged was ${from}`)
      if (value > to) this.impossible.push(`${session}: ${field} is ${value}, at most ${to} was written`)
    }
    const touched = this.#of('touch', session).filter((event) => !isNot(event))
    const changed = [...this.#of('merge', session), ...this.#of('count', session)].some((e) => !isNot(e))
    const isTouched = touched.some((touch) => Math.abs(touch.expires - expires) <= DELAY_MS)
    if (touched.some(isDone) && !changed && !isTouched)
      this.impossible.push(`${session}: a deadline of nobody's`)
  }

  /** The least and the most that each field may hold for one who looks at `time`. */
  #expected(session: string, time: number) {
    const least = new Map<string, number>()
    const most = new Map<string, number>()
    const raise = (map: Map<string, number>, field: string, value: number) =>
      map.set(field, Math.max(map.get(field) ?? 0, value))
    for (const { field, value, ...event } of this.#of('merge', session).filter((e) => !isNot(e))) {
      raise(most, field, value)
      if (event.outcome === 'done' && event.ended < time) raise(least, field, value)
    }
    const counts = this.#of('count', session).filter((event) => !isNot(event))
    raise(most, 'n', counts.length)
    raise(least, 'n', counts.filter((event) => isDone(event) && event.ended < time).length)
    return { least, most }
  }

  async #mortal(session: string): Promise<void> {
    const entry = await this.backend.read(session)
    const destroyed = this.#of('destroy', session).filter(isDone)
    if (destroyed.length > 1) this.impossible.push(`${session}: destroyed ${destroyed.length} times`)
    const [end] = destroyed
    if (!end) {
      if (entry) this.#compare(session, entry)
      else if (!this.#of('destroy', session).some(isUnsure)) this.lost.push(`${session} as a whole`)
      return
    }
    if (entry) this.revived.push(`${session} at the end`)
    if (await this.backend.extend(session, Number.POSITIVE_INFINITY))
      this.revived.push(`${session} by a touch`)
    for (const event of this.events) {
      if (event.session === session && isDone(event) && event.began > end.ended)
        this.revived.push(`${session} for a ${event.op}`)
    }
  }

  async #contested(session: string): Promise<void> {
    const created = this.#of('create', session)
    const entry = await this.backend.read(session)
    const by: unknown = entry && JSON.parse(entry.body).by
    const winners = created.filter(isDone)
    if (winners.length > 1) this.impossible.push(`${session}: created ${winners.length} times`)
    if (winners[0] && winners[0].by !== by) this.lost.push(`${session}: the one who created it`)
    if (!winners[0] && entry && !created.some((event) => isUnsure(event) && event.by === by))
      this.impossible.push(`${session}: created by nobody`)
  }

  /** What was acknowledged before a read began is in what it saw. */
  #seen(read: Of<'read'>): void {
    if (!isDone(read) || !read.fields) return
    const { least } = this.#expected(read.session, read.began)
    for (const [field, value] of least) {
      if ((read.fields[field] ?? 0) < value) this.lost.push(`${read.session}: ${field}, for a later read`)
    }
  }
}

const isDone = (event: Event): boolean => event.outcome === 'done'
const isNot = (event: Event): boolean => event.outcome === 'not'
const isUnsure = (event: Event): boolean => event.outcome === 'unsure'

/** Everything that a history starts with. */
export async function furnish(backend: Backend, { lasting, mortal }: Sessions): Promise<void> {
  const entry = { body: '{"n":0}', expires: Date.now() + 3_600_000 }
  for (const session of [...lasting, ...mortal]) await backend.create(session, entry)
  for (const session of lasting) {
    const body = JSON.stringify({ key: session })
    await backend.create(directory(session), { body, expires: Number.POSITIVE_INFINITY })
  }
}
