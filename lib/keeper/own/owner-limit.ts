import type { Awaitable } from '../../base/async'
import type { Session } from '../../session/session'
import type { BackedStore } from '../../store/backed-store'
import type { Owners } from '../../store/owners'
import { type Change, Held, type KeeperContext, type Loaded, type Updated, type Written } from '../contract'
import { BackendKeeper } from './keeper'

/** `BackendKeeper` where an owner may have only so many sessions: looks whenever a session becomes an owner's. */
export class OwnerKeeper extends BackendKeeper {
  readonly #owners: Owners
  readonly #keyOf: (id: string) => string
  /** Whose a session was when it was loaded or saved last. */
  readonly #known = new WeakMap<Held, string | undefined>()

  constructor(store: BackedStore, owners: Owners, context: KeeperContext) {
    super(store, context)
    this.#owners = owners
    this.#keyOf = (id) => store.keyOf(id)
  }

  override async load(id: string): Promise<Loaded | undefined> {
    const loaded = await super.load(id)
    if (loaded) this.#known.set(loaded.held, this.#owners.of({ ...loaded.data, cookie: loaded.cookie }))
    return loaded
  }

  override create(session: Session, data: string): Awaitable<Held | undefined> {
    return this.#admitted(session, undefined, async () => {
      const held = await super.create(session, data)
      if (held) this.#known.set(held, this.#owners.of(session))
      return held
    })
  }

  override write(held: Held, session: Session, data: string): Awaitable<Written> {
    return this.#admitted(session, held, () => super.write(held, session, data))
  }

  /** Takes the place of the session that it was, so it is not one more. */
  override async renew(
    held: Held,
    session: Session,
    data: string,
    id: string,
  ): Promise<Held | 'taken' | undefined> {
    const next = await super.renew(held, session, data, id)
    if (next instanceof Held) this.#known.set(next, this.#owners.of(session))
    return next
  }

  override async update<R>(
    held: Held,
    session: Session,
    data: string,
    change: Change<R>,
  ): Promise<Updated<R> | undefined> {
    const updated = await super.update(held, session, data, change)
    const owner = this.#owners.of(session)
    if (updated && owner !== undefined && owner !== this.#known.get(held)) {
      await this.#owners.settle(owner, this.#keyOf(held.id))
    }
    this.#known.set(held, owner)
    return updated
  }

  async #admitted<T>(session: Session, held: Held | undefined, work: () => Awaitable<T>): Promise<T> {
    const owner = this.#owners.of(session)
    const becomes = owner !== undefined && (held === undefined || this.#known.get(held) !== owner)
    if (becomes) await this.#owners.admit(owner)
    const result = await work()
    if (becomes && result && result !== 'gone') await this.#owners.settle(owner, this.#keyOf(session.id))
    if (held) this.#known.set(held, owner)
    return result
  }
}
