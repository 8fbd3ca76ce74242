import assert from 'node:assert/strict'
import type { Awaitable } from '../../base/async'
import { systemClock } from '../../base/clock'
import { sleep } from '../../base/timers'
import type { TestClock } from '../backend/context'
import { type LiveSession, liveSession } from '../live-session'
import type { Case } from '../suite'
import { within } from '../waiting'

type Answer = (error?: unknown, value?: unknown) => void

/** Any store for express-session: what the suite asks of it. */
export interface StoreUnderTest {
  get(sid: string, callback: Answer): unknown
  set(sid: string, session: object, callback?: Answer): unknown
  destroy(sid: string, callback?: Answer): unknown
  touch?(sid: string, session: object, callback?: Answer): unknown
  all?(callback: Answer): unknown
  length?(callback: Answer): unknown
  clear?(callback?: Answer): unknown
}

export interface StoreHandle {
  readonly store: object
  /** The store's clock, where it takes one. Without it the suite waits for real, some 40 ms a case. */
  readonly clock?: TestClock
  /** How late an end may be kept; a store that counts in seconds says 1000. Default 1 ms. */
  readonly resolutionMs?: number
  /** How long a call may take, a failing one of a store that is down too, and a recovery. Default 10,000 ms. */
  readonly patienceMs?: number
  /** Another store on the same data whose keys begin with this. */
  withPrefix?(prefix: string): Awaitable<object>
  /** Makes the store unreachable: stops its server, cuts its connection. */
  break?(): Awaitable<void>
  /** Undoes `break`. The store has to find that out by itself. */
  mend?(): Awaitable<void>
  /** Whether the client that the store was given (not opened itself) still works. Asked after `close`. */
  clientWorks?(): Awaitable<boolean>
  /** Frees what the factory made, the store included. */
  close?(): Awaitable<void>
}

/** Called once per case; gives a store over data of its own, empty at first. */
export type StoreFactory = () => Awaitable<StoreHandle>

/** What a store may or may not have; cases that need more are no tests of it, and its first test says so. */
export const STORE_CAPABILITIES = Object.freeze({
  touch: 'it has the method touch',
  all: 'it has the method all',
  length: 'it has the method length',
  clear: 'it has the method clear',
  close: 'it has the method close',
  promises: 'its methods give a promise when they get no callback',
  prefix: 'its keys have a prefix; the handle has withPrefix',
  faults: 'it can lose its server; the handle has break and mend',
  codes: 'its errors have the code ERR_SESSION_STORE and a cause',
  givenClient: 'it works on a client that it was given; the handle has clientWorks',
  fineTime: 'it keeps ends to 50 ms, or takes a clock',
  script: 'the option script makes a store in a process of its own',
} as const)

export type StoreCapability = keyof typeof STORE_CAPABILITIES

/**
 * `required`: without it sessions do not work. `recommended`: without it they work, until something unusual
 * happens. `optional`: good to have.
 */
export type Grade = 'required' | 'recommended' | 'optional'

export interface StoreCase extends Case<StoreContext> {
  readonly grade: Grade
  readonly needs?: readonly StoreCapability[]
}

/** What a case works with: the store's methods as promises, the first answer counting. */
export class StoreContext {
  readonly store: StoreUnderTest
  readonly patienceMs: number
  #additions: Set<string> | undefined

  constructor(
    readonly handle: StoreHandle,
    readonly capabilities: ReadonlySet<StoreCapability>,
    readonly script: string | undefined,
  ) {
    this.store = handle.store as StoreUnderTest
    this.patienceMs = handle.patienceMs ?? 10_000
  }

  now(): number {
    return this.handle.clock?.now() ?? systemClock()
  }

  async pass(ms: number): Promise<void> {
    if (this.handle.clock) return this.handle.clock.advance(ms)
    const until = systemClock() + ms + 2
    while (systemClock() < until) await sleep(until - systemClock())
  }

  /** A session that ends in an hour, or at `expires`. */
  session(sid: string, data: object = { n: 1 }, expires = this.now() + 3_600_000): LiveSession {
    return liveSession(sid, data, expires)
  }

  /** One call; rejects with the error of the callback, or with what the method threw. */
  ask(method: keyof StoreUnderTest, ...args: unknown[]): Promise<unknown> {
    return within(method, this.patienceMs, () => askOf(this.store, method, args))
  }

  /** `undefined` when there is none, in each of the ways in which a store may say so. */
  async get(sid: string): Promise<Record<string, unknown> | undefined> {
    const found = await this.ask('get', sid).catch((error: unknown) => {
      if ((error as { code?: unknown } | null)?.code === 'ENOENT') return undefined
      throw error
    })
    if (found === undefined || found === null || found === false) return undefined
    assert.equal(typeof found, 'object', 'a session is an object')
    return found as Record<string, unknown>
  }

  async put(sid: string, data?: object, expires?: number): Promise<void> {
    await this.ask('set', sid, this.session(sid, data, expires))
  }

  /** The session is there, with these data and no others (but for what the store adds to each). */
  async assertFound(sid: string, data: object, message = sid): Promise<void> {
    const found = await this.get(sid)
    assert.ok(found, `no session: ${message}`)
    this.#additions ??= await this.#addedKeys()
    // From the text: a `__proto__` has to be an own key on both sides.
    const plain: Record<string, unknown> = JSON.parse(JSON.stringify(found))
    for (const key of this.#additions) delete plain[key]
    assert.deepEqual(byKey(plain), byKey(JSON.parse(JSON.stringify(data))), message)
  }

  async assertAbsent(sid: string, message = sid): Promise<void> {
    assert.equal(await this.get(sid), undefined, message)
  }

  async close(): Promise<void> {
    await this.handle.close?.()
  }

  async #addedKeys(): Promise<Set<string>> {
    const sid = 'an empty session'
    await this.put(sid, {})
    const keys = Object.keys((await this.get(sid)) ?? {})
    await this.ask('destroy', sid)
    return new Set(['cookie', ...keys])
  }
}

function byKey(data: object): Array<[string, unknown]> {
  return Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1))
}

/** A method as a promise, whether it exists or not, throws or calls back. */
export function askOf(
  store: StoreUnderTest,
  method: keyof StoreUnderTest,
  args: unknown[],
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const answer: Answer = (error, value) => (error ? reject(error) : resolve(value))
    const call = store[method] as ((...all: unknown[]) => unknown) | undefined
    if (typeof call !== 'function') assert.fail(`the store has no method ${method}`)
    call.call(store, ...args, answer)
  })
}
