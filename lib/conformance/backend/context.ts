import assert from 'node:assert/strict'
import type { Backend, Entry } from '../../backend/contract'
import type { Awaitable } from '../../base/async'
import { systemClock } from '../../base/clock'
import { sleep } from '../../base/timers'
import type { Case } from '../suite'
import { roundingDeadlines } from './precision'

/** A clock that the test moves. `advance` returns when the store has taken notice. */
export interface TestClock {
  now(): number
  advance(ms: number): Awaitable<void>
}

/** What a factory gives: a backend over data of its own, empty at first, and the means to play with it. */
export interface BackendHandle {
  readonly backend: Backend
  /** The backend's clock, where it takes one. Without it the suite waits for real, some 40 ms a case. */
  readonly clock?: TestClock
  /**
   * By how many milliseconds a deadline may be off when it comes back. Default 0. For stores over a network that
   * keep the remaining time: what a command waits on its way moves the deadline.
   */
  readonly precisionMs?: number
  /** Another backend on the same data, as another process would have it. The suite closes it. */
  reopen?(): Awaitable<Backend>
  /** How long a call of a store that is down may take to fail, and a recovery to come. Default 10,000 ms. */
  readonly patienceMs?: number
  /** Makes the store unreachable: stops its server, cuts its connection. */
  break?(): Awaitable<void>
  /** Undoes `break`. The backend has to find that out by itself. */
  mend?(): Awaitable<void>
  /** Whether the client that the backend was given (not opened itself) still works. Asked after `close`. */
  clientWorks?(): Awaitable<boolean>
  /** Frees what the factory made. The backend has been closed before. */
  close?(): Awaitable<void>
}

/** Called once per case. */
export type BackendFactory = () => Awaitable<BackendHandle>

/** What a backend may or may not have; cases that need more are no tests of it, and its first test says so. */
export const BACKEND_CAPABILITIES = Object.freeze({
  scan: 'it has the method scan',
  owners: 'it has the method ownedBy',
  prune: 'it has the method prune',
  close: 'it has the method close',
  watch: 'it has the method watch; the handle has break and mend',
  follow: 'it has the method follow',
  shared: 'several backends work on the same data at once; the handle has reopen',
  durable: 'data outlive the backend that wrote them; the handle has reopen',
  faults: 'it can lose its server; the handle has break and mend',
  givenClient: 'it works on a client that it was given; the handle has clientWorks',
  anyBody: 'it keeps any well-formed string: empty, with NUL, no JSON at all',
} as const)

export type BackendCapability = keyof typeof BACKEND_CAPABILITIES

/** What a case works with. */
export interface BackendContext {
  readonly backend: Backend
  readonly handle: BackendHandle
  readonly capabilities: ReadonlySet<BackendCapability>
  readonly patienceMs: number
  /** Epoch milliseconds on the backend's clock. */
  now(): number
  /** Lets this many milliseconds pass on the backend's clock. */
  pass(ms: number): Promise<void>
  /** A second backend on the same data, or the first again where there is no second. */
  other(): Promise<Backend>
}

/** One case of the backend suite. */
export interface BackendCase extends Case<BackendContext> {
  /** The sentences of `Backend`'s comments that it checks, word by word. */
  readonly says?: readonly string[]
  readonly needs?: readonly BackendCapability[]
}

export function backendContext(
  handle: BackendHandle,
  capabilities: ReadonlySet<BackendCapability>,
): BackendContext & { close(): Promise<void> } {
  const opened: Backend[] = []
  const { clock, precisionMs = 0 } = handle
  const seen = precisionMs > 0 ? roundingDeadlines(precisionMs) : (backend: Backend) => backend
  const backend = seen(handle.backend)
  return {
    backend,
    handle,
    capabilities,
    patienceMs: handle.patienceMs ?? 10_000,
    now: () => clock?.now() ?? systemClock(),
    async pass(ms) {
      if (clock) return clock.advance(ms)
      const until = systemClock() + ms + 2
      while (systemClock() < until) await sleep(until - systemClock())
    },
    async other() {
      if (!handle.reopen) return backend
      const other = seen(await handle.reopen())
      opened.push(other)
      return other
    },
    async close() {
      for (const each of [...opened, backend]) await each.close?.()
      await handle.close?.()
    },
  }
}

/** An entry that lives for another hour, of this body and with these differences. */
export function makeEntry(context: BackendContext, body: string, change: Partial<Entry> = {}): Entry {
  return { body, expires: context.now() + 3_600_000, ...change }
}

/** Compares body and deadline: a backend may add the owner, or leave it out. */
export function assertEntry(actual: unknown, expected: Entry, message?: string): void {
  const { body, expires } = (actual ?? {}) as Partial<Entry>
  // A plain comparison first: assert would print both bodies, of which one has a megabyte.
  if (typeof body === 'string' && body !== expected.body && body.length + expected.body.length > 1000) {
    assert.fail(
      `${message ?? 'another body'}: ${body.length} code units, not the ${expected.body.length} expected`,
    )
  }
  // Node 26 takes no message that is undefined.
  const words: [string?] = message === undefined ? [] : [message]
  assert.deepEqual({ body, expires }, { body: expected.body, expires: expected.expires }, ...words)
}
