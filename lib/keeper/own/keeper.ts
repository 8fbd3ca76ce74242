import type { Backend, Entry, Replaced, StoreKey } from '../../backend/contract'
import type { EndedBecause } from '../../backend/news'
import { type Awaitable, ignore, isPromise, whenDone } from '../../base/async'
import { systemClock } from '../../base/clock'
import { worthMoving } from '../../record/expiry'
import { Cookie } from '../../session/cookie'
import { showInstead } from '../../session/live-data'
import { type Session, setSessionId } from '../../session/session'
import type { OwnStore } from '../../store/protocol'
import {
  type Keeper,
  type KeeperContext,
  KnownSession,
  type Loaded,
  type Updated,
  type Updater,
  type Written,
} from '../contract'
import { type Ask, askFor } from './backend-calls'
import { type CommitQueue, type CommitQueues, commitQueuesOf } from './commit-queue'
import { deadlineOf } from './deadline'
import { Draft } from './draft'
import { type Moved, moveRecord } from './move-record'
import { ParsedRecords } from './parsed-records'
import type { KeeperParts } from './parts'
import { RecordReader } from './read-record'
import { updateByTurns } from './update'

/** Keeps sessions in a store of ours by compare-and-swap: exact across requests, processes and machines. */
export class BackendKeeper implements Keeper {
  readonly resaveIsTouch = true
  readonly lendsSession = false
  readonly readsTrees = true
  readonly #store: OwnStore
  readonly #backend: Backend
  readonly #context: KeeperContext
  readonly #ask: Ask
  readonly #reader: RecordReader
  readonly #parts: KeeperParts
  readonly #queues: CommitQueues

  constructor(store: OwnStore, context: KeeperContext) {
    this.#store = store
    this.#backend = store.backend
    this.#context = context
    this.#ask = askFor(context)
    const parsed = context.canonical && !store.seals ? new ParsedRecords() : undefined
    this.#parts = { store, context, parsed }
    this.#reader = new RecordReader(this.#parts)
    this.#queues = commitQueuesOf(store)
  }

  load(id: string): Awaitable<Loaded | undefined> {
    const key = this.#store.keyOf(id)
    const entry = this.#ask('get', () => this.#backend.read(key))
    return isPromise(entry)
      ? entry.then((found) => this.#loaded(id, key, found))
      : this.#loaded(id, key, entry)
  }

  #loaded(id: string, key: StoreKey, entry: Entry | undefined): Awaitable<Loaded | undefined> {
    if (this.#store.migration?.concerns(key, entry)) return this.#migrated(id, key, entry)
    return entry && this.#read(id, key, entry)
  }

  #read(id: string, key: StoreKey, entry: Entry): Loaded | undefined {
    const loaded = this.#reader.read(id, key, entry)
    if (loaded !== 'ended') return loaded
    this.#forget(key, 'expired')
    return undefined
  }

  async #migrated(id: string, key: StoreKey, here: Entry | undefined): Promise<Loaded | undefined> {
    const entry = await this.#ask('get', () => this.#store.migration?.take(id, here))
    return entry && this.#read(id, key, entry)
  }

  create(session: Session, data: string): Awaitable<KnownSession | undefined> {
    const draft = this.#draft(new KnownSession(session.id, data), session, data).compose(data)
    const done = this.#ask('create', () => this.#backend.create(draft.key, draft.entry()))
    return whenDone(done, (created) => (created ? draft.agreed() : undefined))
  }

  async put(session: Session, data: string): Promise<KnownSession> {
    for (;;) {
      const loaded = await this.load(session.id)
      const known = loaded?.known ?? (await this.create(session, data))
      // Between two steps somebody may have created or ended it; the next look finds it as it is.
      if (known && (!loaded || (await this.write(known, session, data)) !== 'gone')) return known
    }
  }

  write(known: KnownSession, session: Session, data: string): Awaitable<Written> {
    const draft = this.#draft(known, session, data)
    const queue = this.#queues.at(draft.key)
    if (queue) return this.#writeInTurn(queue, draft)
    const written = this.#replace(draft.ontoSeen(), known.seen)
    if (!isPromise(written)) return written
    return this.#queues.open(draft.key).first(draft, written)
  }

  async #writeInTurn(queue: CommitQueue, draft: Draft): Promise<Written> {
    const { policy } = this.#context
    if (policy.concurrency !== 'reject') return queue.join(draft, this.#context, this.#backend, this.#ask)
    // A conflict is one with what stands in the store, not with what may yet fail to get there.
    await queue.turn(this.#context, draft.remainingMs)
    return queue.first(draft, this.#alone(draft))
  }

  async #alone(draft: Draft): Promise<Written> {
    return this.#replace(draft.ontoSeen(), draft.seen.body, draft.remainingMs)
  }

  #replace(draft: Draft, body: string, leftMs?: number): Awaitable<Written> {
    let seen = body
    let limitMs = leftMs
    for (;;) {
      const answer = this.#ask('set', () => this.#backend.replace(draft.key, seen, draft.entry()), limitMs)
      if (isPromise(answer)) return answer.then((replaced) => this.#replaced(draft, replaced))
      if (answer === true) return kept(draft)
      if (!answer || !draft.onto(answer)) return 'gone'
      seen = answer.body
      limitMs = draft.remainingMs
    }
  }

  #replaced(draft: Draft, answer: Replaced): Awaitable<Written> {
    if (answer === true) return kept(draft)
    if (!answer || !draft.onto(answer)) return 'gone'
    return this.#replace(draft, answer.body, draft.remainingMs)
  }

  async renew(
    known: KnownSession,
    session: Session,
    data: string,
    id: string,
  ): Promise<KnownSession | 'taken' | undefined> {
    const next = new KnownSession(id, data)
    const old = this.#draft(known, session, data)
    const turn = await this.#turn(old)
    const copy = this.#draft(next, session, data)
    let moved: Moved
    setSessionId(session, id)
    try {
      moved = await moveRecord(old, copy, old.guess(turn.lastWritten), this.#backend, this.#ask)
      if (moved === 'moved') {
        this.#parts.parsed?.delete(old.key)
        next.base = showInstead(session, data, old.data)
        return next
      }
    } finally {
      turn.next()
      if (moved !== 'moved') {
        setSessionId(session, known.id)
        // Nobody has got to know the new id.
        if (next.seen !== '') this.#forget(copy.key, 'destroyed')
      }
    }
    return moved
  }

  async update<R>(
    known: KnownSession,
    session: Session,
    data: string,
    change: Updater<R>,
  ): Promise<Updated<R> | undefined> {
    const draft = this.#draft(known, session, data)
    const updated = await updateByTurns(draft, change, {
      limitMs: this.#context.policy.storeTimeoutMs,
      turn: (limitMs) => this.#turn(draft, limitMs),
      swap: (seen, limitMs) =>
        this.#ask<Replaced>('set', () => this.#backend.replace(draft.key, seen, draft.entry()), limitMs),
      runAgain: () => this.#queues.runAgain(draft.key, this.#context.policy.storeTimeoutMs),
    })
    // What the handler has changed meanwhile is for the next commit.
    if (updated) draft.agreed(showInstead(session, data, draft.data))
    return updated
  }

  /** Waits for a turn of its own, after which `next` has to be called. */
  async #turn({ key, remainingMs }: Draft, limitMs = remainingMs): Promise<CommitQueue> {
    const queue = this.#queues.at(key)
    if (!queue) return this.#queues.open(key)
    await queue.turn(this.#context, limitMs)
    return queue
  }

  touch(known: KnownSession, session: Session, forced = false): Awaitable<boolean> {
    const { policy } = this.#context
    const now = systemClock()
    Cookie.renewAgain(session.cookie, now)
    const to = deadlineOf(session, this.#store.ttlMs, policy, now)
    if (!forced && !worthMoving(known.deadline, to, now, policy.touchAfterMs)) return true
    const key = this.#store.keyOf(known.id)
    const moved = this.#ask('touch', () => this.#backend.extend(key, to))
    return whenDone(moved, (alive) => {
      if (alive) known.deadline = to
      return alive
    })
  }

  destroy(id: string, because: EndedBecause = 'destroyed'): Awaitable<boolean> {
    const { migration } = this.#store
    const key = this.#store.keyOf(id)
    this.#parts.parsed?.delete(key)
    if (migration) return this.#ask('destroy', () => migration.destroy(id, { because }))
    return this.#ask('destroy', () => this.#backend.remove(key, { because }))
  }

  async regenerate(session: Session, generate: () => Awaitable<void>): Promise<boolean> {
    // The new session comes even if ending the old one failed, as in express-session; the failure is told.
    try {
      return await this.destroy(session.id, 'regenerated')
    } finally {
      await generate()
    }
  }

  /** Compare-and-swap finds out by itself. */
  async endBy(_id: string, destroy: () => Promise<void>): Promise<void> {
    await this.#ask('destroy', destroy)
  }

  leave(): void {}

  #draft(known: KnownSession, session: Session, data: string): Draft {
    return new Draft(this.#parts, known, session, data)
  }

  #forget(key: StoreKey, because: EndedBecause): void {
    this.#parts.parsed?.delete(key)
    const removed = this.#ask('destroy', () => this.#backend.remove(key, { because }))
    if (isPromise(removed)) removed.catch(ignore)
  }
}

function kept(draft: Draft): Written {
  draft.agreed()
  return draft.merged ? 'merged' : 'saved'
}
