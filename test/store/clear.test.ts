/** `store.clear()`, which ends every session. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MemoryBackend } from '../../lib/backend/memory/backend'
import { BackedStore } from '../../lib/store/backed-store'
import { overOurStores } from '../support/our-stores'

const SESSION = { cookie: { originalMaxAge: null, expires: null } } as never
const SESSIONS = 1200

/** A backend whose removals take a turn of the event loop, and that knows how many were under way at once. */
class Counting extends MemoryBackend {
  most = 0
  #underWay = 0

  override remove(key: string): never {
    this.most = Math.max(this.most, ++this.#underWay)
    return new Promise((resolve) => setImmediate(resolve)).then(() => {
      this.#underWay--
      return super.remove(key)
    }) as never
  }
}

describe('clear', () => {
  test('ends sessions many at a time, but not all at once', async () => {
    const backend = new Counting()
    const store = new BackedStore(backend)
    for (let n = 0; n < SESSIONS; n++) await store.set(`id${n}`, SESSION)
    await store.clear()
    assert.equal(await store.length(), 0)
    assert.ok(backend.most >= 100 && backend.most <= 1000, `${backend.most} at a time`)
  })

  test('reports a failure once, and what was under way beside it ends nobody’s process', async () => {
    const backend = new MemoryBackend()
    const store = new BackedStore(backend)
    for (let n = 0; n < 5; n++) await store.set(`id${n}`, SESSION)
    const turn = () => new Promise((resolve) => setImmediate(resolve))
    const { scan } = backend
    backend.scan = async function* (prefix) {
      for await (const found of scan.call(backend, prefix)) {
        await turn()
        yield found
      }
    }
    backend.remove = (async () => {
      throw new Error('down')
    }) as never
    await assert.rejects(store.clear(), /down/)
    await turn()
  })

  overOurStores('of', (place) => {
    test('leaves no session, and those of another prefix', async (t) => {
      const here = place(t)
      const [one, other] = [here.open({ prefix: 'one:' }), here.open({ prefix: 'other:' })]
      await Promise.all(Array.from({ length: SESSIONS }, (_, n) => one.set(`id${n}`, SESSION)))
      await other.set('kept', SESSION)
      await one.clear()
      assert.equal(await one.length(), 0)
      assert.equal(await other.length(), 1)
    })
  })
})
