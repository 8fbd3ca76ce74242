import type { Awaitable } from '../base/async'
import type { EndReason, SessionEventName, SessionEvents } from '../base/events'
import type { CanonicalReader } from '../record/canonical'
import type { Data } from '../record/text'
import type { Policy } from '../session/policy'
import type { Session } from '../session/session'

/**
 * How the middleware and the engine keep sessions in a store, whichever kind it is: `BackendKeeper` for our own
 * stores, by compare-and-swap; `ForeignKeeper` for every other, by order within this process.
 */
export interface Keeper {
  /** Whether moving the deadline does all that rewriting an unchanged session would. */
  readonly resaveIsTouch: boolean
  /** Whether the store gets the live session itself, and may put marks on it. */
  readonly lendsSession: boolean
  /** Whether the tree of a text that it is given spares it parsing that text; see `composedText`. */
  readonly readsTrees: boolean
  /** Absent, expired or unreadable: `undefined`. */
  load(id: string): Awaitable<Loaded | undefined>
  /** Saves a new session. `undefined`: the id is taken, nothing was changed. */
  create(session: Session, data: string): Awaitable<KnownSession | undefined>
  /** Saves a session whose id the application chose itself: creates or replaces. */
  put(session: Session, data: string): Awaitable<KnownSession>
  /** Saves a known session: what this request changed goes on top of what others have changed meanwhile. */
  write(known: KnownSession, session: Session, data: string): Awaitable<Written>
  /** Gives a known session another id, in one step for everybody else. `undefined`: it is gone. */
  renew(
    known: KnownSession,
    session: Session,
    data: string,
    id: string,
  ): Awaitable<KnownSession | 'taken' | undefined>
  /** Reads, changes and writes as one step; `change` runs again when another request came between. */
  update<R>(
    known: KnownSession,
    session: Session,
    data: string,
    change: Updater<R>,
  ): Awaitable<Updated<R> | undefined>
  /** Moves the deadline when that is due, or in any case if `now`. `false`: the session is gone. */
  touch(known: KnownSession, session: Session, now?: boolean): Awaitable<boolean>
  /** Ends a session; nothing that is in flight can write it again. `false`: the store knows that it was not alive. */
  destroy(id: string, because?: EndReason): Awaitable<boolean>
  /** Ends a session by the store's own `regenerate`, which also calls `generate`. Answers as `destroy`. */
  regenerate(session: Session, generate: () => Awaitable<void>): Awaitable<boolean>
  /** Ends a session by other means: `destroy` asks the store, in its turn. */
  endBy(id: string, destroy: () => Promise<void>): Promise<void>
  /** This request will not come back to the session. */
  leave(known: KnownSession): void
}

/** `merged`: together with changes of another request. `gone`: ended meanwhile, nothing was written. */
export type Written = 'saved' | 'merged' | 'gone'

/** What `update` runs: it changes the data it is given, and its result is handed through. */
export type Updater<R> = (data: Data) => R | PromiseLike<R>

export interface Updated<R> {
  readonly result: R
}

export interface Loaded {
  /** The record's cookie, parsed. */
  readonly cookie: Data
  /** The record's data; may have `cookie` among them. */
  readonly data: Data
  readonly known: KnownSession
}

const NONE: readonly string[] = []

/** What one request knows of one stored session. */
export class KnownSession {
  readonly id: string
  /** Data text at which the live session and this request's part of the store last agreed. */
  base: string
  /** The session's own cookie settings at that time. */
  settings = ''
  /** What the server noted of the session when it was loaded. */
  trust = ''
  /** The values that the session was made of, as long as `base` is their text. */
  shown: Data | undefined = undefined
  /** Backend: what stood in the store then, which differs from `base` after a merge; and its data text. */
  seen = ''
  seenData = ''
  /** Keys of which the last write has replaced what another request had put there. */
  overwritten: readonly string[] = NONE
  /** Backend: the deadline in the store. */
  deadline = Infinity
  /** Foreign: the order of commits of this id in this process. */
  flight: Flight | undefined = undefined
  version = 0

  constructor(id: string, base: string) {
    this.id = id
    this.base = base
  }

  agree({ base, settings }: Agreed): void {
    this.base = base
    this.shown = undefined
    this.settings = settings
  }
}

/** What of a live session was saved: its data text and its own cookie settings. */
export interface Agreed {
  readonly base: string
  readonly settings: string
}

/** One session id in use by requests of this process; see `flights.ts`. */
export interface Flight {
  readonly id: string
  /** Requests that hold it. */
  riders: number
  /** Changes with every commit; equal means that nobody has written since. */
  version: number
  /** Destroyed or renewed: nobody who was on board may write it. */
  dead: boolean
  /** The commit that later ones queue behind. */
  tail: Promise<unknown> | undefined
  /** Touches that came last, side by side: what they began after, and what settles when all are done. */
  touching: { readonly after: Promise<unknown> | undefined; readonly all: Promise<void> } | undefined
  /** A write that was given up and that the store may still carry out; settles at the latest when nobody waits longer. */
  unanswered: Promise<unknown> | undefined
}

/** What a keeper asks of the middleware that made it. */
export interface KeeperContext {
  readonly policy: Policy
  /** Reads records that override nothing; there is none where the configuration differs from request to request. */
  readonly canonical: CanonicalReader | undefined
  tell<N extends SessionEventName>(name: N, event: () => SessionEvents[N]): void
}
