import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Entry } from '../../lib/backend/contract'
import { MemoryBackend } from '../../lib/backend/memory/backend'
import { BackedStore } from '../../lib/store/backed-store'
import type { Handler } from '../support/app'
import { turns } from '../support/clock'
import { odd, ours, session } from './ours'

const MANY = 60

/** Answers in a later turn, as everything does that is not in this process, and counts the swaps. */
class LateBackend extends MemoryBackend {
  swaps = 0
  failing = false
  stuck = false

  override replace(key: string, seen: string, entry: Entry): any {
    this.swaps++
    if (this.stuck) return new Promise(() => {})
    const { failing } = this
    const answer = failing ? undefined : super.replace(key, seen, entry)
    return turns(2).then(() => {
      if (failing) throw new Error('disk full')
      return answer
    })
  }

  override read(key: string): any {
    return turns(1).then(() => super.read(key))
  }
}

/** Lets so many requests go on at the same moment. */
function meeting(count: number, work: Handler): Handler {
  let here: Array<() => void> = []
  return async (req, res, next) => {
    await new Promise<void>((resolve) => {
      here.push(resolve)
      if (here.length < count) return
      for (const go of here) go()
      here = []
    })
    await work(req, res, next)
  }
}

async function crowd(t: any, options: object, work: Handler, count = MANY) {
  const backend = new LateBackend()
  const app = await ours(
    t,
    { store: new BackedStore(backend), ...options },
    { '/work': meeting(count, work) },
  )
  await app.client.get('/put?user=ann')
  const twins = Array.from({ length: count }, () => app.client.twin())
  const all = () => Promise.all(twins.map((twin, i) => twin.get(`/work?${i}`)))
  return { app, backend, all, data: async () => JSON.parse((await app.client.get('/')).body) }
}

const setOwnKey: Handler = (req, res) => {
  req.session[`key${req.url?.split('?')[1]}`] = 1
  res.end()
}

describe('many parallel requests of one session', () => {
  it('that change different keys are written in a few swaps, and lose nothing', async (t) => {
    const { backend, all, data } = await crowd(t, {}, setOwnKey)
    for (const { status } of await all()) assert.equal(status, 200)
    assert.equal(Object.keys(await data()).length, MANY + 1)
    assert.ok(backend.swaps <= MANY / 4, `${backend.swaps} swaps`)
  })

  it('that count by update count to the end, each run once, in one swap each', async (t) => {
    let runs = 0
    const { backend, all, data } = await crowd(t, {}, async (req, res) => {
      await session.update(req, (data: any) => {
        runs++
        data.n = (data.n ?? 0) + 1
      })
      res.end()
    })
    await all()
    assert.deepEqual(await data(), { user: 'ann', n: MANY })
    assert.deepEqual([runs, backend.swaps], [MANY, MANY])
  })

  it('that count by an update which waits for something run twice at most', async (t) => {
    let runs = 0
    const { backend, all, data } = await crowd(t, {}, async (req, res) => {
      await session.update(req, async (data: any) => {
        runs++
        await turns(1)
        data.n = (data.n ?? 0) + 1
      })
      res.end()
    })
    await all()
    assert.deepEqual(await data(), { user: 'ann', n: MANY })
    assert.ok(runs <= 2 * MANY && backend.swaps <= 2 * MANY, `${runs} runs, ${backend.swaps} swaps`)
  })

  it('tell what one of them has replaced of another, also when they are written together', async (t) => {
    const { app, all } = await crowd(t, {}, (req, res) => {
      req.session.cart = req.url
      res.end()
    })
    app.told.length = 0
    await all()
    const overwriting = app.told.filter(([, event]) => event.overwritten?.includes('cart'))
    assert.equal(overwriting.length, MANY - 1)
  })

  it('of which the last wins where that is wished', async (t) => {
    const { all, data } = await crowd(t, { concurrency: 'overwrite' }, setOwnKey)
    await all()
    assert.equal(Object.keys(await data()).length, 2)
  })

  it('of which one wins where conflicts are refused', async (t) => {
    const { all, backend } = await crowd(t, { concurrency: 'reject' }, setOwnKey)
    const statuses = (await all()).map(({ status }) => status)
    assert.equal(statuses.filter((status) => status === 200).length, 1)
    assert.ok(backend.swaps <= MANY, `${backend.swaps} swaps`)
  })

  it('are each told when the write that has all of them in it fails, and none later', async (t) => {
    const { app, all, backend, data } = await crowd(t, {}, setOwnKey)
    backend.failing = true
    for (const { status } of await all()) assert.equal(status, 500)
    backend.failing = false
    assert.deepEqual(await data(), { user: 'ann' })
    await app.client.get('/put?more=1')
    assert.deepEqual(await data(), { user: 'ann', more: '1' })
  })

  it('wait no longer than storeTimeout, all together', async (t) => {
    const { app, all, backend } = await crowd(t, { storeTimeout: 40 }, setOwnKey, 8)
    backend.stuck = true
    const started = performance.now()
    for (const { status, body } of await all()) {
      assert.equal(status, 500)
      assert.match(body, /ERR_SESSION_STORE_TIMEOUT/)
    }
    assert.ok(performance.now() - started < 1000)
    const told = app.told.filter(([name]) => name === 'storeError')
    assert.ok(told.length >= 1 && told.length <= 8)
  })
})

it('touches of one session on a store of others run side by side', async (t) => {
  const store = new odd.SlowStore({})
  const app = await ours(t, { store })
  await app.client.get('/put?user=ann')
  store.hold('touch')
  const reads = [1, 2, 3].map(() => app.client.twin().get('/'))
  for (let i = 0; i < 200 && store.waiting('touch') < 3; i++) await turns(1)
  assert.equal(store.waiting('touch'), 3)
  // A write waits for them.
  const write = app.client.twin().get('/put?more=1')
  await turns(50)
  store.release('touch')
  await Promise.all(reads)
  await write
  assert.equal((await app.client.get('/')).body, '{"user":"ann","more":"1"}')
})
