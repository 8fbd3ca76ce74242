import { inherits } from 'node:util'

export type StoreCall = 'get' | 'set' | 'destroy' | 'touch'
export type Done = ((error?: unknown, value?: unknown) => void) | undefined

/**
 * Stores as third parties write them, each odd in one way, on whichever abstract `Store` they are given: ours,
 * or express-session's. They know nothing of our inner contract and never drop what has expired.
 */
export function oddStores(Store: any) {
  /** The least there is: `get`, `set`, `destroy`. Keeps JSON, answers in a later turn, and counts its calls. */
  class NoTouchStore extends Store {
    readonly rows = new Map<string, string>()
    readonly calls: StoreCall[] = []

    count(call: StoreCall): number {
      return this.calls.filter((made) => made === call).length
    }

    get(sid: string, done: Done): void {
      this.calls.push('get')
      this.answer('get', done, () => this.read(sid))
    }

    set(sid: string, session: any, done?: Done): void {
      this.calls.push('set')
      // The text of now, as any database driver would take it.
      const body = JSON.stringify(session)
      this.answer('set', done, () => void this.rows.set(sid, body))
    }

    destroy(sid: string, done?: Done): void {
      this.calls.push('destroy')
      this.answer('destroy', done, () => void this.rows.delete(sid))
    }

    read(sid: string): any {
      const body = this.rows.get(sid)
      return body === undefined ? null : JSON.parse(body)
    }

    answer(_call: StoreCall, done: Done, work: () => unknown): void {
      const value = work()
      setImmediate(() => done?.(null, value))
    }
  }

  /** With `touch`, which moves the stored cookie, and is an error where there is no row, as in connect-mongo. */
  class PlainStore extends NoTouchStore {
    touch(sid: string, session: any, done?: Done): void {
      this.calls.push('touch')
      const cookie = JSON.parse(JSON.stringify(session.cookie))
      this.answer('touch', done, () => {
        const row = this.read(sid)
        if (!row) throw new Error('Unable to find the session to touch')
        this.rows.set(sid, JSON.stringify({ ...row, cookie }))
      })
    }

    override answer(_call: StoreCall, done: Done, work: () => unknown): void {
      const { error, value } = attempt(work)
      setImmediate(() => done?.(error, value))
    }
  }

  /** Fails on the calls in `failing`, and recovers when they are taken out. */
  class FailingStore extends PlainStore {
    readonly failing: Set<StoreCall>

    constructor(...failing: StoreCall[]) {
      super()
      this.failing = new Set(failing)
    }

    override answer(call: StoreCall, done: Done, work: () => unknown): void {
      if (this.failing.has(call)) setImmediate(() => done?.(new Error('disk full')))
      else super.answer(call, done, work)
    }
  }

  /** Takes its time before it does the work and answers: 20 ms, or until `release` for calls that are held. */
  class SlowStore extends PlainStore {
    readonly #held = new Map<StoreCall, Array<() => void>>()

    constructor(readonly delaysMs: Partial<Record<StoreCall, number>> = { set: 20 }) {
      super()
    }

    /** From now on calls of this kind wait. */
    hold(call: StoreCall): void {
      this.#held.set(call, [])
    }

    /** How many calls wait. */
    waiting(call: StoreCall): number {
      return this.#held.get(call)?.length ?? 0
    }

    /** Lets those that wait, and all that come, go on. */
    release(call: StoreCall): void {
      const waiting = this.#held.get(call) ?? []
      this.#held.delete(call)
      for (const go of waiting) go()
    }

    override answer(call: StoreCall, done: Done, work: () => unknown): void {
      const go = () => super.answer(call, done, work)
      const waiting = this.#held.get(call)
      if (waiting) waiting.push(go)
      else if (this.delaysMs[call]) setTimeout(go, this.delaysMs[call])
      else go()
    }
  }

  /** Answers before the call returns. */
  class SyncStore extends PlainStore {
    override answer(_call: StoreCall, done: Done, work: () => unknown): void {
      const { error, value } = attempt(work)
      done?.(error, value)
    }
  }

  /** Answers everything twice: at once, and again later with an error. */
  class TwiceStore extends PlainStore {
    override answer(_call: StoreCall, done: Done, work: () => unknown): void {
      const { error, value } = attempt(work)
      done?.(error, value)
      setImmediate(() => done?.(new Error('answered again')))
    }
  }

  /** Never answers the calls in `hanging`; works again when they are taken out. */
  class HangingStore extends PlainStore {
    readonly hanging: Set<StoreCall>

    constructor(...hanging: StoreCall[]) {
      super()
      this.hanging = new Set(hanging)
    }

    override answer(call: StoreCall, done: Done, work: () => unknown): void {
      if (!this.hanging.has(call)) super.answer(call, done, work)
    }
  }

  /**
   * Keeps a ledger: updating, touching or destroying a row that is not there throws, and so does writing one that
   * was destroyed. `violations` tells what was tried.
   */
  class StrictStore extends PlainStore {
    readonly violations: string[] = []
    readonly #ended = new Set<string>()

    override set(sid: string, session: any, done?: Done): void {
      if (this.#ended.has(sid)) this.#refuse('set of a row that was destroyed')
      super.set(sid, session, done)
    }

    override touch(sid: string, session: any, done?: Done): void {
      if (!this.rows.has(sid)) this.#refuse('touch of a row that is not there')
      super.touch(sid, session, done)
    }

    override destroy(sid: string, done?: Done): void {
      if (!this.rows.has(sid)) this.#refuse('destroy of a row that is not there')
      this.#ended.add(sid)
      super.destroy(sid, done)
    }

    #refuse(what: string): never {
      this.violations.push(what)
      throw new Error(what)
    }
  }

  /** Keeps and answers the very objects: what a handler changes on one shows in the other. */
  class LiveStore extends PlainStore {
    readonly live = new Map<string, any>()

    override set(sid: string, session: any, done?: Done): void {
      this.calls.push('set')
      this.live.set(sid, Object.assign({}, session))
      this.answer('set', done, () => undefined)
    }

    override touch(sid: string, session: any, done?: Done): void {
      this.calls.push('touch')
      const row = this.live.get(sid)
      if (row) row.cookie = session.cookie
      this.answer('touch', done, () => undefined)
    }

    override destroy(sid: string, done?: Done): void {
      this.calls.push('destroy')
      this.live.delete(sid)
      this.answer('destroy', done, () => undefined)
    }

    override read(sid: string): any {
      return this.live.get(sid)
    }
  }

  /**
   * Puts marks on the live session: a `Date` `lastModified` in `get`, which `touch` wants back as a Date and `set`
   * takes off (connect-mongo); and `__lastAccess` during `set` (session-file-store).
   */
  class MarkingStore extends PlainStore {
    readonly faults: string[] = []

    override get(sid: string, done: Done): void {
      super.get(sid, (error: unknown, row: any) => {
        if (row) row.lastModified = new Date()
        done?.(error, row)
      })
    }

    override set(sid: string, session: any, done?: Done): void {
      delete session.lastModified
      session.__lastAccess = Date.now()
      super.set(sid, session, done)
    }

    override touch(sid: string, session: any, done?: Done): void {
      if (session.lastModified !== undefined && !(session.lastModified instanceof Date)) {
        this.faults.push(`touch got lastModified as ${typeof session.lastModified}`)
      }
      super.touch(sid, session, done)
    }
  }

  return {
    NoTouchStore,
    PlainStore,
    FailingStore,
    SlowStore,
    SyncStore,
    TwiceStore,
    HangingStore,
    StrictStore,
    LiveStore,
    MarkingStore,
    Es5Store: es5Store(Store),
  }
}

/** As stores were written before classes: `util.inherits`, and its constructor never calls `Store`. */
function es5Store(Store: any): any {
  function Es5Store(this: any): void {
    this.rows = {}
  }
  inherits(Es5Store, Store)
  Es5Store.prototype.get = function get(sid: string, done: Done) {
    const body = this.rows[sid]
    process.nextTick(() => (body ? done?.(null, JSON.parse(body)) : done?.()))
  }
  Es5Store.prototype.set = function set(sid: string, session: any, done?: Done) {
    this.rows[sid] = JSON.stringify(session)
    if (done) process.nextTick(done)
  }
  Es5Store.prototype.destroy = function destroy(sid: string, done?: Done) {
    delete this.rows[sid]
    if (done) process.nextTick(done)
  }
  return Es5Store
}

function attempt(work: () => unknown): { error: unknown; value?: unknown } {
  try {
    return { error: null, value: work() }
  } catch (error) {
    return { error }
  }
}
