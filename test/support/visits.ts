import { sign } from 'cookie-signature'
import type { Entry } from '../../lib/backend/contract'
import type { BackedStore } from '../../lib/store/backed-store'
import { type Handler, routes } from './app'
import type { Client } from './client'
import { sojourn } from './kits'
import { BASE_OPTIONS, putData, serveWith, showData } from './session-app'

/** Visitors of an application that keeps its sessions in a store. */
export interface Visits {
  /** Somebody whose session has these data. */
  visitor(data: string): Promise<Client>
  /** Somebody who sends this id, correctly signed. */
  withId(id: string): Client
  stranger(): Client
  /** Names of the events so far. */
  told: string[]
}

const EVENTS = ['created', 'saved', 'destroyed', 'interrupted', 'refused', 'unreadable', 'storeError']

/** `/put?key=value`, `/` shows the data, `/out` ends the session; and more routes. */
export async function visits(
  t: { after(work: () => unknown): void },
  store: object,
  more: Record<string, Handler> = {},
): Promise<Visits> {
  const told: string[] = []
  const table = {
    '/put': putData,
    '/': showData,
    '/out': (async (req, res) => {
      await req.session.destroy()
      res.end('out')
    }) as Handler,
    ...more,
  }
  const kit = {
    ...sojourn,
    session(options: object) {
      const middleware = sojourn.session(options)
      for (const name of EVENTS) middleware.events.on(name, () => told.push(name))
      return middleware
    },
  }
  const served = await serveWith(kit, t, { store }, routes(table), { kind: 'express 5' })
  return {
    told,
    stranger: served.client,
    async visitor(data) {
      const client = served.client()
      await client.get(`/put?${data}`)
      return client
    },
    withId(id) {
      const client = served.client()
      client.jar.take(`connect.sid=${encodeURIComponent(`s:${sign(id, BASE_OPTIONS.secret)}`)}; Path=/`)
      return client
    },
  }
}

export const dataOf = async (client: Client) => JSON.parse((await client.get('/')).body)

/** The id in a visitor's cookie. */
export const idOf = (client: Client) => decodeURIComponent(client.cookie() ?? '').replace(/^s:|\.[^.]*$/g, '')

/** What stands in the backend. */
export async function rowsOf(store: BackedStore): Promise<Array<[key: string, entry: Entry]>> {
  const rows: Array<[string, Entry]> = []
  for await (const row of store.backend.scan?.() ?? []) rows.push(row)
  return rows
}
