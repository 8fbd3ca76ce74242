import type { TestContext } from 'node:test'
import { type AppKind, appOf, type Handler, routes, serve } from '../support/app'
import type { Client } from '../support/client'
import { sojourn } from '../support/kits'
import { oddStores } from '../support/odd-stores'
import { BASE_OPTIONS, putData, showData } from '../support/session-app'

export const { session } = sojourn
export const odd = oddStores(session.Store)

/** The two ways in which sessions are kept: by compare-and-swap, and through the public methods alone. */
export const STORES: ReadonlyArray<readonly [name: string, make: () => any]> = [
  ['MemoryStore', () => new session.MemoryStore()],
  ['a store of others', () => new odd.PlainStore()],
]

const EVENTS = [
  ...['created', 'saved', 'destroyed', 'renewed', 'expired', 'interrupted'],
  ...['refused', 'withheld', 'unreadable', 'storeError', 'storeState'],
]

export interface Ours {
  client: Client
  /** Another visitor. */
  visitor(): Client
  /** All events, in order. */
  told: Array<[name: string, event: any]>
  /** Names of the events since the last look. */
  since(): string[]
}

export interface OursOptions {
  kind?: AppKind
  before?: Handler[]
}

/** An application on sojourn with `/put?key=value`, `/` that shows the data, and these routes. */
export async function ours(
  t: TestContext,
  options: object,
  table: Record<string, Handler> = {},
  { kind = 'express 5', before = [] }: OursOptions = {},
): Promise<Ours> {
  const middleware = session({ ...BASE_OPTIONS, ...options })
  const told: Ours['told'] = []
  for (const name of EVENTS) middleware.events.on(name, (event: unknown) => told.push([name, event]))
  const app = routes({ '/put': putData, '/': showData, ...table })
  const served = await serve(t, appOf(kind, [...before, middleware, app]))
  let looked = 0
  return {
    client: served.client(),
    visitor: served.client,
    told,
    since() {
      const names = told.slice(looked).map(([name]) => name)
      looked = told.length
      return names
    },
  }
}

/** The id in a session cookie. */
export function idOf(client: Client): string {
  return decodeURIComponent(client.cookie() ?? '').replace(/^s:|\.[^.]*$/g, '')
}

/** The whole `Cookie` header of a visitor, to come back with after it has changed. */
export function keep(client: Client): string {
  return `connect.sid=${client.cookie()}`
}
