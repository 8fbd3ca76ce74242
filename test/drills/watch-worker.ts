/** A process of the drill of watching: works on sessions at random, or keeps a ledger of what it is told. */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { BackedStore } from '../../lib/store/backed-store'
import { cookie, owner, request } from '../support/watching'
import { openStore, type StoreAt } from './openers'

export interface WatchTask {
  at: StoreAt
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

async function watch(store: BackedStore): Promise<void> {
  const ledger = new Set<string>()
  const faults: string[] = []
  await store.watch({ all: true }, ({ type, fingerprint }) => {
    if (type === 'created' && ledger.has(fingerprint)) faults.push(`created twice: ${fingerprint}`)
    if (type === 'ended' && !ledger.delete(fingerprint)) faults.push(`ended unknown: ${fingerprint}`)
    if (type === 'created') ledger.add(fingerprint)
  })
  process.on('message', () => process.send?.({ ledger: [...ledger].sort(), faults }))
}

process.once('message', async ({ at, steps }: WatchTask) => {
  const store = new BackedStore(openStore(at), { owner })
  if (steps === undefined) await watch(store)
  process.send?.('ready')
  const live: string[] = []
  for (let i = 0; i < (steps ?? 0); i++) {
    await step(store, live).catch(() => sleep(20))
  }
  if (steps !== undefined) process.send?.('done')
})
process.on('disconnect', () => process.exit())
