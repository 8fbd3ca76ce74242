/** A process of the drill of watching: works on sessions at random, or keeps a ledger of what it is told. */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { BackedStore } from '../../lib/store/backed-store'
import type { WatchEvent } from '../../lib/store/watch'
import { cookie, owner, request } from '../support/watching'
import { openStore, type StoreAt } from './openers'

export interface Report {
  ledger: string[]
  faults: string[]
}

export interface WatchTask {
  /** All at the same time. */
  ats: StoreAt[]
  /** Steps of work; none: watch and keep a ledger. */
  steps?: number
}

const id = () => randomBytes(9).toString('base64url')

/** One step: a new session, a change, an end by one of its ways, a new id, or a life of a moment. */
async function step(store: BackedStore, live: string[]): Promise<void> {
  const at = Math.floor(Math.random() * live.length)
  const sid = live[at]
  const dice = Math.random()
  if (!sid || dice < 0.4) {
    const fresh = id()
    live.push(fresh)
    await store.set(fresh, { cookie: cookie(dice < 0.1 ? 50 : 3_600_000), user: 'ann', n: 0 } as never)
  } else if (dice < 0.6) await store.set(sid, { cookie: cookie(), user: 'ann', n: dice } as never)
  else if (dice < 0.7) await store.touch(sid, { cookie: cookie(3_700_000) } as never)
  else if (dice < 0.85) {
    live.splice(at, 1)
    await store.destroy(sid)
  } else {
    const req = await request(store, sid)
    if (req.session.user === undefined) return
    await req.session.renewId().catch(() => {})
    live[at] = req.session.id
  }
}

/** The sessions that a watcher knows of by what it was told. */
export class Ledger {
  readonly #live = new Set<string>()
  readonly #faults: string[] = []

  static async of(store: BackedStore): Promise<Ledger> {
    const ledger = new Ledger()
    await store.watch({ all: true }, (event) => ledger.#hear(event))
    return ledger
  }

  #hear({ type, fingerprint }: WatchEvent): void {
    if (type === 'created' && this.#live.has(fingerprint)) this.#faults.push(`created twice: ${fingerprint}`)
    if (type === 'ended' && !this.#live.delete(fingerprint))
      this.#faults.push(`ended unknown: ${fingerprint}`)
    if (type === 'created') this.#live.add(fingerprint)
  }

  report(): Report {
    return { ledger: [...this.#live].sort(), faults: this.#faults }
  }
}

async function work({ ats, steps }: WatchTask): Promise<void> {
  const stores = ats.map((at) => new BackedStore(openStore(at), { owner }))
  if (steps === undefined) {
    const ledgers = await Promise.all(stores.map((store) => Ledger.of(store)))
    process.on('message', () => process.send?.(ledgers.map((ledger) => ledger.report())))
  }
  process.send?.('ready')
  if (steps === undefined) return
  await Promise.all(
    stores.map(async (store) => {
      const live: string[] = []
      for (let i = 0; i < steps; i++) await step(store, live).catch(() => sleep(20))
    }),
  )
  process.send?.('done')
}

// Not where the drill itself has imported the ledger.
if (require.main === module) {
  process.once('message', work)
  process.on('disconnect', () => process.exit())
}
