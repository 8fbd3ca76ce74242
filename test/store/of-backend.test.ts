import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { session } from '../../lib/middleware/session'
import { storeOf } from '../../lib/store/backend'
import { serve } from '../support/app'
import { stopTimers, turns } from '../support/clock'
import { MapBackend } from '../support/map-backend'

class PrunedBackend extends MapBackend {
  readonly prunedAt: number[] = []
  failure: Error | undefined = undefined

  override prune(now: number): number {
    this.prunedAt.push(now)
    if (this.failure) throw this.failure
    return 0
  }
}

describe('storeOf(backend)', () => {
  it('keeps sessions, with the options of all stores, for one day without a maxAge', async (t) => {
    const backend = new MapBackend()
    const store = storeOf(backend, { prefix: 'app:', owner: undefined })
    const sessions = session({ secret: 'x', resave: false, saveUninitialized: false, store })
    const served = await serve(t, (req: any, res: any) =>
      sessions(req, res, () => {
        req.session.views = (req.session.views ?? 0) + 1
        res.end(String(req.session.views))
      }),
    )
    const visitor = served.client()
    await visitor.get('/')
    assert.equal((await visitor.get('/')).body, '2')
    const [[key = '', entry] = []] = [...backend.entries]
    assert.match(key, /^app:/)
    assert.ok(Math.abs((entry?.expires ?? 0) - Date.now() - 86_400_000) < 10_000)
  })

  it('prunes a backend that can, until it is closed, and tells of a failure', async (t) => {
    const clock = stopTimers(t)
    const backend = new PrunedBackend()
    const store = storeOf(backend, { pruneInterval: 1000 })
    const failures: unknown[] = []
    store.on('pruneError', (error) => failures.push(error))
    clock.advance(700)
    assert.equal(backend.prunedAt.length, 0)
    backend.failure = new Error('table locked')
    clock.advance(600)
    assert.equal(backend.prunedAt.length, 1)
    await turns(2)
    assert.deepEqual(failures, [backend.failure])
    clock.advance(1300)
    assert.equal(backend.prunedAt.length, 2)
    await store.close()
    clock.advance(10_000)
    assert.equal(backend.prunedAt.length, 2)
  })

  it('leaves a backend alone that prunes by itself, or not at all', (t) => {
    const clock = stopTimers(t)
    const backend = new PrunedBackend()
    storeOf(backend, { pruneInterval: 0 })
    storeOf(Object.assign(new PrunedBackend(), { prune: undefined }) as never)
    clock.advance(10 ** 7)
    assert.deepEqual(backend.prunedAt, [])
    assert.throws(() => storeOf(backend, { pruneInterval: -1 }), { code: 'ERR_SESSION_OPTION' })
  })
})
