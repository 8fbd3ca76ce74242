import type { Awaitable } from '../../base/async'
import { isSessionError } from '../../base/errors'
import { dataText } from '../../record/text'
import { Cookie } from '../../session/cookie'
import type { Session } from '../../session/session'
import type { OwnStore } from '../../store/protocol'
import {
  type KeeperContext,
  KnownSession,
  type Loaded,
  type Updated,
  type Updater,
  type Written,
} from '../contract'
import { type Ask, askFor } from './backend-calls'
import { BackendKeeper } from './keeper'

type Owners = NonNullable<OwnStore['owners']>
type Limit = NonNullable<Owners['limit']>

/** Whose a session was when it was loaded or saved last, and the mark of when it became his. */
interface Admission {
  readonly owner: string | undefined
  readonly mark: string
}

/** `BackendKeeper` where an owner may have only so many sessions: looks whenever a session becomes an owner's. */
export class OwnerKeeper extends BackendKeeper {
  readonly #owners: Owners
  readonly #limit: Limit
  readonly #keyOf: (id: string) => string
  readonly #refuse: (id: string) => Awaitable<boolean>
  readonly #call: Ask
  readonly #admissions = new WeakMap<KnownSession, Admission>()

  constructor(store: OwnStore, owners: Owners, limit: Limit, context: KeeperContext) {
    super(store, context)
    this.#owners = owners
    this.#limit = limit
    this.#keyOf = (id) => store.keyOf(id)
    this.#refuse = (id) => store.end(store.keyOf(id), 'refused')
    this.#call = askFor(context)
  }

  override async load(id: string): Promise<Loaded | undefined> {
    const loaded = await super.load(id)
    if (loaded) {
      const { data, cookie, known } = loaded
      const { admitted } = cookie
      const mark = typeof admitted === 'string' ? admitted : ''
      this.#admissions.set(known, { owner: this.#owners.of({ ...data, cookie }), mark })
    }
    return loaded
  }

  override async create(session: Session, data: string): Promise<KnownSession | undefined> {
    const owner = this.#owners.of(session)
    let known: KnownSession | undefined
    const write = async () => {
      if (!known) known = await super.create(session, data)
      else if ((await super.write(known, session, data)) === 'gone') return undefined
      return known
    }
    const created =
      owner === undefined ? await write() : await this.#enter(owner, session, write, Boolean, true)
    if (created) this.#remember(created, session)
    return created
  }

  override async write(known: KnownSession, session: Session, data: string): Promise<Written> {
    const owner = this.#owners.of(session)
    const mark = this.#admissions.get(known)?.mark
    const write = () => super.write(known, session, data)
    // The handler may have put another cookie in the place of the one that had the mark.
    if (mark && !Cookie.admittedAs(session.cookie)) Cookie.admit(session.cookie, mark)
    const enters = owner !== undefined && this.#becomes(known, session)
    const written = await (enters ? this.#enter(owner, session, write, stands) : write())
    this.#remember(known, session)
    return written
  }

  /** Takes the place of the session that it was, so it is not one more; unless it becomes an owner's by this. */
  override async renew(
    known: KnownSession,
    session: Session,
    data: string,
    id: string,
  ): Promise<KnownSession | 'taken' | undefined> {
    if (this.#becomes(known, session) && (await this.write(known, session, data)) === 'gone') return undefined
    const next = await super.renew(known, session, data, id)
    if (next instanceof KnownSession) this.#remember(next, session)
    return next
  }

  override async update<R>(
    known: KnownSession,
    session: Session,
    data: string,
    change: Updater<R>,
  ): Promise<Updated<R> | undefined> {
    const updated = await super.update(known, session, data, change)
    if (!updated || !this.#becomes(known, session)) return updated
    // Whose it has become is known only now: it is written once more, with its mark.
    try {
      return (await this.write(known, session, dataText(session))) === 'gone' ? undefined : updated
    } catch (error) {
      if (isRefusal(error)) await this.#refuse(known.id)
      throw error
    }
  }

  #becomes(known: KnownSession, session: Session): boolean {
    const owner = this.#owners.of(session)
    return owner !== undefined && owner !== this.#admissions.get(known)?.owner
  }

  #enter<T>(
    owner: string,
    session: Session,
    write: () => Awaitable<T>,
    isWritten: (result: T) => boolean,
    isNew = false,
  ): Promise<T> {
    return this.#limit.enter({
      owner,
      key: this.#keyOf(session.id),
      isNew,
      write(mark) {
        Cookie.admit(session.cookie, mark)
        return write()
      },
      isWritten,
      call: this.#call,
    })
  }

  #remember(known: KnownSession, session: Session): void {
    this.#admissions.set(known, { owner: this.#owners.of(session), mark: Cookie.admittedAs(session.cookie) })
  }
}

function isRefusal(error: unknown): boolean {
  return isSessionError(error) && error.code === 'ERR_SESSION_LIMIT'
}

function stands(written: Written): boolean {
  return written !== 'gone'
}
