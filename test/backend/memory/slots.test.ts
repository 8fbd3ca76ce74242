/** The layout of the records in memory: what a small store's tests do not reach, as pages and tables that grow. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MemoryBackend } from '../../../lib/backend/memory/backend'
import { KeyIndex } from '../../../lib/backend/memory/key-index'
import { Slots } from '../../../lib/backend/memory/slots'
import { collectGarbage } from '../../support/garbage'

const NEVER = Number.POSITIVE_INFINITY

/** The same for the same seed. */
function randomInts(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

describe('the index of keys', () => {
  it('finds what a Map finds, while it grows and while keys come and go', () => {
    const slots = new Slots()
    const index = new KeyIndex(slots)
    const model = new Map<string, number>()
    const random = randomInts(7)
    for (let i = 0; i < 60_000; i++) {
      const key = `key-${random(i < 40_000 ? 40_000 : 1000)}`
      const slot = index.find(key)
      assert.equal(slot, model.get(key) ?? 0)
      if (slot === 0) {
        const taken = slots.take(key, 'body', NEVER)
        index.add(key, taken)
        model.set(key, taken)
      } else if (random(3) === 0) {
        index.remove(slot)
        slots.release(slot)
        model.delete(key)
      }
    }
    assert.equal(index.size, model.size)
    assert.ok(model.size > 3 * 4096, 'the table has grown beyond some pages')
    for (const [key, slot] of model) assert.equal(index.find(key), slot)
  })

  it('has chains as short for keys that begin or end alike', () => {
    for (const keyOf of [(i: number) => `${i}-${'x'.repeat(40)}`, (i: number) => `${'x'.repeat(40)}-${i}`]) {
      const slots = new Slots()
      const index = new KeyIndex(slots)
      const looks: number[] = []
      for (let i = 0; i < 20_000; i++) index.add(keyOf(i), slots.take(keyOf(i), '', NEVER))
      const { word } = slots
      for (let i = 0; i < 20_000; i += 100) {
        let count = 0
        slots.word = (...args) => {
          count++
          return word.apply(slots, args)
        }
        index.find(keyOf(i))
        looks.push(count)
      }
      const average = looks.reduce((sum, count) => sum + count, 0) / looks.length
      assert.ok(average < 4, `${average} looks on average`)
    }
  })
})

describe('records in memory', () => {
  it('leave in the order of their last use, across pages and slots that are used again', () => {
    const MAX = 9000
    const evicted: string[] = []
    const backend = new MemoryBackend(MAX, { evicted: (key) => evicted.push(key) })
    const order = new Set<string>()
    const use = (key: string) => {
      order.delete(key)
      order.add(key)
    }
    const random = randomInts(3)
    for (let i = 0; i < 30_000; i++) {
      const key = `${random(12_000)}`
      if (backend.read(key)) {
        use(key)
      } else {
        const oldest = order.size === MAX ? order.values().next().value : undefined
        const before = evicted.length
        backend.create(key, { body: key, expires: NEVER })
        if (oldest !== undefined) {
          assert.equal(evicted.at(-1), oldest)
          order.delete(oldest)
        }
        assert.equal(evicted.length, before + (oldest === undefined ? 0 : 1))
        use(key)
      }
    }
    assert.equal(backend.size, MAX)
    for (const key of order) assert.equal(backend.peek(key)?.body, key)
  })

  it('are listed once each while others come, change and go', async () => {
    const backend = new MemoryBackend()
    for (let i = 0; i < 9000; i++) backend.create(`${i}`, { body: 'a', expires: NEVER })
    const seen = new Map<string, number>()
    let i = 0
    for await (const [key] of backend.scan()) {
      seen.set(key, (seen.get(key) ?? 0) + 1)
      if (i < 2000) {
        backend.remove(`${8999 - i}`)
        backend.create(`new-${i}`, { body: 'a', expires: NEVER })
        backend.replace(`${i}`, 'a', { body: 'b', expires: NEVER })
      }
      i++
    }
    for (let k = 0; k < 7000; k++) assert.equal(seen.get(`${k}`), 1, `${k}`)
    assert.ok([...seen.values()].every((count) => count === 1))
  })

  const used = async () => {
    await collectGarbage()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }

  it('weigh at most 350 bytes each for an id and 200 bytes of JSON, and give the memory back', async () => {
    const COUNT = 20_000
    const backend = new MemoryBackend()
    const before = await used()
    for (let i = 0; i < COUNT; i++) {
      const body = JSON.stringify({ cookie: { path: '/' }, user: { id: i, name: 'x'.repeat(130) }, views: i })
      backend.create(`${i}`.padStart(32, 'k'), { body, expires: NEVER })
    }
    const each = ((await used()) - before) / COUNT
    assert.ok(each < 350, `${each} bytes`)
    for (let i = 0; i < COUNT; i++) backend.remove(`${i}`.padStart(32, 'k'))
    backend.sweep(0, 1, () => true)
    const left = (await used()) - before
    assert.ok(left < 500_000, `${left} bytes are left`)
  })
})
