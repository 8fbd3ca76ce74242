import * as sojourn from '../../../lib/index'
import type { Handler } from '../../support/app'
import { type SessionApp, SlowStore } from './apps'

/** One that answers at once, and one that holds every response. */
export const STORES = {
  memory: () => new sojourn.MemoryStore(),
  slow: () => new SlowStore({ get: 2, set: 5, touch: 5 }),
}

export async function begin(app: SessionApp): Promise<{ cookie: string }> {
  const answer = await app.client().get('/begin')
  return { cookie: (answer.setCookies[0] ?? '').split(';', 1)[0] ?? '' }
}

export async function read(app: SessionApp, { cookie }: { cookie: string }): Promise<any> {
  return JSON.parse((await app.client().get('/read', { cookie })).body)
}

/** `/begin` makes a session, `/read` shows it, everything else is `handler`. */
export function withSession(handler: Handler): Handler {
  return (req, res, next) => {
    if (req.url === '/begin') req.session.begun = true
    if (req.url === '/begin' || req.url === '/read') return res.end(JSON.stringify(req.session))
    return handler(req, res, next)
  }
}
