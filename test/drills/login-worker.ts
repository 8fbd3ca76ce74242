/** A process of the drill of logins: logs in when it is told to, and says which sessions that gave. */
import session from '../../lib'
import type { Backend } from '../../lib/backend/contract'
import { BackedStore } from '../../lib/store/backed-store'
import type { OwnerLimit } from '../../lib/store/login-limit'
import { openStore, type StoreAt } from './openers'

export interface LoginRound {
  at: StoreAt
  user: string
  limit: OwnerLimit
  /** How many at once. */
  logins: number
  /** By the middleware, or by `store.set`. */
  by: 'request' | 'set'
}

export interface LoginAnswer {
  id: string
  refused: boolean
}

const backends = new Map<string, Backend>()

function backendAt(at: StoreAt): Backend {
  const backend = backends.get(at.store) ?? openStore(at)
  backends.set(at.store, backend)
  return backend
}

const owner = (data: Record<string, unknown>) => data['user'] as string | undefined

async function logIn({ at, user, limit, by }: LoginRound): Promise<LoginAnswer> {
  const store = new BackedStore(backendAt(at), { owner, maxPerOwner: limit })
  const secret = 'a secret of the drill of logins'
  const middleware = session({ secret, resave: false, saveUninitialized: false, store })
  const req: any = { url: '/', headers: {} }
  await new Promise((next) => middleware(req, {}, next))
  const { id } = req.session
  try {
    req.session.user = user
    if (by === 'set') await store.set(id, { cookie: {}, user } as never)
    else await req.session.save()
    return { id, refused: false }
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_SESSION_LIMIT') throw error
    return { id, refused: true }
  }
}

process.on('message', async (round: LoginRound) => {
  process.send?.(await Promise.all(Array.from({ length: round.logins }, () => logIn(round))))
})
process.on('disconnect', () => process.exit())
process.send?.([])
