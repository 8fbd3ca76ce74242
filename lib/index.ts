// biome-ignore-all lint/suspicious/noTsIgnore: whether those lines are errors depends on what the user has installed
import type { EventEmitter } from 'node:events'
import type { Callback, LooseError } from './base/async'
import * as errors from './base/errors'
import type * as events from './base/events'
import type * as cookies from './cookie/settings'
import * as middleware from './middleware/session'
import * as sealing from './record/seal'
import { Cookie as CookieClass } from './session/cookie'
import type * as options from './session/options'
import { Session as SessionClass } from './session/session'
import { Store as StoreClass } from './session/store'
import * as memory from './store/memory'
import type { StoredSession } from './store/options'
import type * as watch from './store/watch'
import * as freshness from './trust/fresh'
import * as profileOptions from './trust/profiles'
import * as trust from './trust/session'

/**
 * Makes the middleware that gives requests a `session`.
 *
 * @throws TypeError ERR_SESSION_OPTION when an option is wrong
 */
function session(options?: session.SessionOptions): session.SessionMiddleware
/** The last signature is what `ReturnType<typeof session>` sees: code that has another middleware in its place goes on. */
function session(
  options?: session.SessionOptions,
): (req: LooseError, res: LooseError, next: (error?: LooseError) => void) => void
function session(options?: session.SessionOptions): session.SessionMiddleware {
  return trust.trustedSession(options)
}

type Self = typeof session
type Done = Promise<void>
type Found = Promise<StoredSession | null>
type All = Promise<Record<string, StoredSession>>
type Count = Promise<number>

/**
 * The names of `@types/express-session`, and ours. Interfaces that applications add to by declaration merging have to be
 * declared here: an alias of one that stands elsewhere cannot be merged with.
 */
declare namespace session {
  const session: Self

  /**
   * What applications put into sessions, by declaration merging:
   * `declare module 'sojourn' { interface SessionData { views: number } }`
   */
  interface SessionData {
    cookie: Cookie
  }

  /** `req.session`, without the data. */
  interface Session extends SessionClass {}
  const Session: typeof SessionClass

  interface Cookie extends cookies.CookieData {}
  const Cookie: typeof CookieClass
  interface CookieOptions extends cookies.CookieOptions {}

  interface SessionOptions extends options.SessionOptions {}
  type SessionMiddleware = trust.TrustedMiddleware
  type SessionEmitter = middleware.SessionEmitter
  type SessionEvents = events.SessionEvents
  type SessionEventName = events.SessionEventName

  /** What a request has behind the middleware: `req: http.IncomingMessage & SessionFields` where there is no Express. */
  interface SessionFields {
    /** There while the store is up and until it is destroyed. */
    session: Session & Partial<Omit<SessionData, 'cookie'>>
    /** The session id. */
    sessionID: string
    sessionStore: Store
  }

  /**
   * Base of all stores, to be extended with `class` or, in JavaScript, called as `Store.call(this)`. Not found and
   * expired are no errors; an error means that the store cannot tell.
   */
  abstract class Store extends EventEmitter {
    constructor(options?: object)
    /** Required. Answers the session of this id, or nothing when there is none. */
    abstract get(sid: string, callback: (error?: LooseError, session?: SessionData | null) => void): void
    /** Required. Creates or replaces. */
    abstract set(sid: string, session: SessionData, callback?: (error?: LooseError) => void): void
    /** Required. An absent session is no error. */
    abstract destroy(sid: string, callback?: (error?: LooseError) => void): void
    /** Recommended. Moves the deadline to `session.cookie.expires`; never creates. */
    touch?(sid: string, session: SessionData, callback?: (error?: LooseError) => void): void
    /** Optional. All sessions, by id or as an array with the id added. */
    all?(
      callback: (error?: LooseError, all?: SessionData[] | { [sid: string]: SessionData } | null) => void,
    ): void
    /** Optional. How many there are. */
    length?(callback: (error?: LooseError, length?: number) => void): void
    /** Optional. Ends them all. */
    clear?(callback?: (error?: LooseError) => void): void
    /** Assigned by the middleware: puts a new session on the request. */
    generate(req: LooseError): void
    /** Ends the request's session and generates a new one, even if ending failed. */
    regenerate(req: LooseError, callback: (error?: LooseError) => void): void
    /** Loads a session outside a request. Answers nothing when there is none. */
    load(sid: string, callback: (error?: LooseError, session?: Session & SessionData) => void): void
    /** Makes a `Session` of what a store answered and puts it on the request. */
    createSession(req: LooseError, session: SessionData): Session & SessionData
  }

  type MemoryStoreOptions = memory.MemoryStoreOptions
  /** What `store.watch` takes, tells, and tells it to. */
  type WatchTarget = watch.WatchTarget
  type WatchEvent = watch.WatchEvent
  type WatchListener = watch.WatchListener
  const MemoryStore: {
    new (options?: MemoryStoreOptions): MemoryStore
    readonly prototype: MemoryStore
  }
  /**
   * Declares its methods twice, so that classes may extend this one with methods that return nothing, as they could that
   * of express-session: of a method that has several signatures TypeScript compares type parameters as `any`.
   */
  interface MemoryStore extends memory.MemoryStore {
    get<P extends Found = Found>(sid: string, callback: Callback<SessionData | null>): P
    get<P extends Found = Found>(sid: string, callback?: Callback<StoredSession | null>): P
    set<P extends Done = Done>(sid: string, session: SessionData, callback: Callback): P
    set<P extends Done = Done>(sid: string, session: SessionData, callback?: Callback): P
    destroy<P extends Done = Done>(sid: string, callback: Callback): P
    destroy<P extends Done = Done>(sid: string, callback?: Callback): P
    touch<P extends Done = Done>(sid: string, session: SessionData, callback: Callback): P
    touch<P extends Done = Done>(sid: string, session: SessionData, callback?: Callback): P
    all<P extends All = All>(callback: Callback<{ [sid: string]: SessionData } | null>): P
    all<P extends All = All>(callback?: Callback<Record<string, StoredSession>>): P
    length<P extends Count = Count>(callback: Callback<number>): P
    length<P extends Count = Count>(callback?: Callback<number>): P
    clear<P extends Done = Done>(callback: Callback): P
    clear<P extends Done = Done>(callback?: Callback): P
  }

  /** Makes what a store's option `seal` takes: records are encrypted at rest. */
  const seal: typeof sealing.seal
  type Sealer = sealing.Sealer
  type SealOptions = sealing.SealOptions

  /** Makes a middleware that lets a request go on if it was proved lately who sends it. */
  const requireFresh: typeof freshness.requireFresh
  type FreshOptions = freshness.FreshOptions
  /** Options to spread: `session({ ...session.profiles.aal2, secret, store })`. */
  const profiles: typeof profileOptions.profiles

  const SessionError: typeof errors.SessionError
  type SessionError = errors.SessionError
  type SessionErrorCode = errors.SessionErrorCode
  /** Every error code with its meaning. */
  const ERROR_CODES: typeof errors.ERROR_CODES

  /**
   * Changes the session in one atomic step: `change` gets the data as they are in the store, with what this request
   * has changed so far, and runs again when another request has written meanwhile. For counters and balances.
   *
   * @param change changes the data it is given; may be async; must not have effects that cannot be repeated
   * @returns what `change` returned
   * @throws SessionError ERR_SESSION_GONE when the session was ended meanwhile
   * @throws SessionError ERR_SESSION_USAGE when the request has no session
   */
  function update<R>(req: object, change: (data: Partial<SessionData>) => R | PromiseLike<R>): Promise<R>
}

// Assigned one by one: so Node.js finds the names that `import { Store } from 'sojourn'` may use.
module.exports = session
module.exports.session = session
module.exports.Store = StoreClass
module.exports.Session = SessionClass
module.exports.Cookie = CookieClass
module.exports.MemoryStore = memory.MemoryStore
module.exports.update = middleware.update
module.exports.seal = sealing.seal
module.exports.requireFresh = freshness.requireFresh
module.exports.profiles = profileOptions.profiles
module.exports.SessionError = errors.SessionError
module.exports.ERROR_CODES = errors.ERROR_CODES

declare module './session/session' {
  /** So that the stores know what applications add. */
  interface SessionData extends Omit<session.SessionData, 'cookie'> {}
}

/*
 * `req.session` in Express. All who declare it have to declare the same (TS2717), so next to `@types/express-session`
 * its type is theirs, with what ours has beyond it added. Under the alias "theirs" is this very file. Where there is
 * no such module the types below are `any`: errors, which `@ts-ignore` leaves out.
 */
/** @ts-ignore */
type TheirSession = import('express-session').Session & Partial<import('express-session').SessionData>
/** @ts-ignore */
type TheirStore = import('express-session').Store & { generate: (req: Express.Request) => void }
/** @ts-ignore */
type AliasedFields = import('express-session').SessionFields
/** @ts-ignore: a name that only we have, and one whose type does not depend on SessionData */
type AliasedCode = import('express-session').SessionErrorCode
/** @ts-ignore: under the alias, reads what declares `Express.SessionStore` */
type NameOfStore = import('express-session/dist/express-session').Read

// In a tuple, because a condition on a type that cannot be resolved cannot be resolved either.
type IfAny<T, Yes, No> = [0] extends [1 & T] ? Yes : No
type Field<Name extends keyof session.SessionFields, Theirs, _Read = unknown> = IfAny<
  Theirs,
  session.SessionFields[Name],
  IfAny<AliasedFields, Theirs, AliasedFields[Name]>
>
// Written out, because arguments would be looked at before the condition: SessionData would extend itself.
type AddedToData = [0] extends [1 & AliasedCode] ? Omit<session.SessionData, 'cookie'> : object
type AddedToSession = [0] extends [1 & AliasedCode] ? Omit<session.Session, SessionNames> : object
type SessionNames = 'id' | 'cookie' | 'regenerate' | 'destroy' | 'reload' | 'resetMaxAge' | 'save' | 'touch'

/** @ts-ignore */
declare module 'express-session' {
  interface SessionData extends AddedToData {}
  interface Session extends AddedToSession {}
}

declare global {
  namespace Express {
    interface Request {
      session: Field<'session', TheirSession>
      sessionID: string
      sessionStore: Field<'sessionStore', TheirStore, NameOfStore>
    }
  }
}

export = session
