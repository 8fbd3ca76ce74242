import type { Request } from 'express'
import * as all from 'sojourn'
import session, { MemoryStore, type SessionData, Store, update } from 'sojourn'

declare module 'sojourn' {
  interface SessionData {
    cart?: string[]
  }
}

export const cart = (req: Request): string[] | undefined => req.session.cart
export const same: [typeof session.Store, typeof session.MemoryStore] = [Store, MemoryStore]
export const one: typeof Store = all.Store
export const data: SessionData = { cookie: { originalMaxAge: null }, views: 1, cart: ['tea'] }
export const empty = (req: Request): Promise<void> => update(req, (found) => void delete found.cart)
export default session({ secret: 'x' })
