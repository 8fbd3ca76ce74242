import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { runStoreCase, storeCases, testStore } from '../../lib/conformance/store/cases'
import { REFERENCE_STORE_CAPABILITIES, referenceStoreHandle } from '../support/reference-store'
import { basicStoreLiars } from './liars/store-basics'
import { callStoreLiars } from './liars/store-calls'
import { dataStoreLiars } from './liars/store-data'
import { timeStoreLiars } from './liars/store-time'

const storeLiars = { ...basicStoreLiars, ...dataStoreLiars, ...timeStoreLiars, ...callStoreLiars }

testStore('the reference store', () => ({ ...referenceStoreHandle(), patienceMs: 10_000 }), {
  capabilities: REFERENCE_STORE_CAPABILITIES,
  script: 'setTimeout(() => {}, 60_000).unref()',
})

describe('the suite finds a store that lies', () => {
  const caught = new Set<string>()

  for (const [lie, { Liar, caughtBy }] of Object.entries(storeLiars)) {
    for (const name of caughtBy) caught.add(name)
    test(lie, async () => {
      const failed: string[] = []
      for (const item of storeCases) {
        if (!caughtBy.includes(item.name)) continue
        const verdict = runStoreCase(item, () => referenceStoreHandle(Liar), REFERENCE_STORE_CAPABILITIES)
        await verdict.catch(() => failed.push(item.name))
      }
      assert.deepEqual(failed.sort(), [...caughtBy].sort())
    })
  }

  test('a store that keeps the process alive', async () => {
    const name = 'a process that only makes a store exits by itself'
    const item = storeCases.find((each) => each.name === name)
    assert.ok(item)
    caught.add(name)
    const attempt = (script: string, patienceMs: number) =>
      runStoreCase(item, () => ({ ...referenceStoreHandle(), patienceMs }), ['script'], script)
    await assert.rejects(attempt('setInterval(() => {}, 1000)', 1000), /did not exit within/)
    await assert.rejects(attempt('process.exit(3)', 10_000), /3 !== 0/)
  })

  test('every case of the suite finds some lie', () => {
    const toothless = storeCases.map((item) => item.name).filter((name) => !caught.has(name))
    assert.deepEqual(toothless, [])
  })
})

test('the store suite has one case of each name, and refuses what does not exist', () => {
  const names = storeCases.map((item) => item.name)
  assert.equal(new Set(names).size, names.length)
  assert.throws(
    () => testStore('x', referenceStoreHandle, { skip: { 'no such case': 'why not' } }),
    /no such case/,
  )
  assert.throws(() => testStore('x', referenceStoreHandle, { capabilities: ['magic' as never] }), /magic/)
})

test('a known failure that is not run is refused: nobody would notice when it is gone', () => {
  const name = 'touch moves the end backwards'
  const knownFailures = { [name]: 'why' }
  assert.throws(() => testStore('x', referenceStoreHandle, { knownFailures }), /not run at all: "touch moves/)
  assert.throws(
    () =>
      testStore('x', referenceStoreHandle, {
        ...{ capabilities: ['touch'], knownFailures },
        skip: { [name]: 'why not' },
      }),
    /not run at all: "touch moves/,
  )
})
