import assert from 'node:assert/strict'
import type http from 'node:http'
import { type TestContext, test } from 'node:test'
import { serve } from '../../support/app'
import type { Client } from '../../support/client'
import { BASE_OPTIONS, inTime } from '../../support/session-app'
import type { Difference } from './differences'
import type { Side } from './sides'
import { lateStore } from './stores'

export { BASE_OPTIONS, inTime, serve }

/** An application on a host, which shows `pages`, with this middleware in front. Its errors are answered with 500. */
export type Host = (sessions: any, t: TestContext) => http.RequestListener | Promise<http.RequestListener>

async function visit(side: Side, host: Host, t: TestContext, options: object = {}): Promise<Client> {
  const listener = await host(side.session({ ...BASE_OPTIONS, ...options }), t)
  return (await serve(t, listener)).client()
}

type Stores = Record<string, (t: TestContext) => any>

export interface VisitOptions {
  /** What tells of a package whose answers arrive here before the save. */
  unsaved?: Difference
  /** The stores to visit with, by what a title says of them. */
  stores?: Stores
}

/** What visitors of any host do. */
export function visits(side: Side, host: Host, { unsaved, stores }: VisitOptions = {}): void {
  const both: Stores = { memory: () => undefined, late: () => lateStore(side) }
  for (const [kind, storeOf] of Object.entries(stores ?? both)) {
    const newSite = async (t: TestContext) => {
      const store = await storeOf(t)
      const client = await visit(side, host, t, { store })
      const patient = unsaved !== undefined && side.differs(unsaved)
      const get = async (path: string, who = client) => {
        const { status, body } = await inTime(who.get(path))
        if (patient) await store?.idle()
        return [status, body]
      }
      return { client, get }
    }

    test(`${kind} store: a session survives over requests`, async (t) => {
      const { get } = await newSite(t)
      for (const views of ['1', '2', '3']) assert.deepEqual(await get('/count'), [200, views])
      assert.deepEqual(await get('/who'), [200, 'a stranger'])
    })

    test(`${kind} store: login gives a new id, logout ends it`, async (t) => {
      const { client, get } = await newSite(t)
      await get('/count')
      const before = client.twin()
      await get('/login')
      assert.notEqual(client.cookie(), before.cookie())
      assert.deepEqual(await get('/who'), [200, 'ann'])
      assert.deepEqual(await get('/who', before), [200, 'a stranger'])
      const after = client.twin()
      assert.deepEqual(await get('/logout'), [200, 'bye'])
      const left = client.cookie() !== undefined
      assert.equal(left, side.differs('logout leaves the cookie in the browser'))
      assert.deepEqual(await get('/who', after), [200, 'a stranger'])
      before.stop()
      after.stop()
    })
  }
}

/** What a visitor is told when the store cannot save. */
export function failedSaves(side: Side, host: Host): void {
  // Its answer depends on the host: 200, a broken connection, or the end of the process.
  if (side.differs('a failed save is no error page')) return

  test('a save that fails is answered with an error, and the next request is served', async (t) => {
    const store = lateStore(side)
    const client = await visit(side, host, t, { store })
    store.failure = new Error('the disk is full')
    const { status, body, setCookies } = await inTime(client.get('/count'))
    assert.equal(status, 500)
    assert.doesNotMatch(body, /disk|^1$/)
    assert.deepEqual(setCookies, [])
    store.failure = undefined
    for (const views of ['1', '2']) assert.equal((await inTime(client.get('/count'))).body, views)
  })
}
