import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { backendCases, runBackendCase, testBackend } from '../../lib/conformance/backend/cases'
import { REFERENCE_CAPABILITIES, referenceHandle } from '../support/reference-backend'
import { deadlineLiars } from './liars/deadlines'
import { entryLiars } from './liars/entries'
import { followLiars } from './liars/follow'
import { LaterBackend } from './liars/later-backend'
import { lifecycleLiars } from './liars/lifecycle'
import { listingLiars } from './liars/listing'
import { writingLiars } from './liars/writing'

const liars = {
  ...entryLiars,
  ...writingLiars,
  ...deadlineLiars,
  ...listingLiars,
  ...followLiars,
  ...lifecycleLiars,
}

testBackend('the reference backend, which answers at once', referenceHandle, {
  capabilities: REFERENCE_CAPABILITIES,
})
testBackend('the reference backend, which answers later', () => referenceHandle(LaterBackend), {
  capabilities: REFERENCE_CAPABILITIES,
})

describe('the suite finds a backend that lies', () => {
  const caught = new Set<string>()

  for (const [lie, { Liar, caughtBy }] of Object.entries(liars)) {
    for (const name of caughtBy) caught.add(name)
    test(lie, async () => {
      const failed: string[] = []
      for (const item of backendCases) {
        if (!caughtBy.includes(item.name)) continue
        const verdict = runBackendCase(item, () => referenceHandle(Liar), REFERENCE_CAPABILITIES)
        await verdict.catch((error: Error) => {
          // A case that stumbles over itself has found nothing.
          assert.ok(error instanceof assert.AssertionError, `${item.name}: ${error.stack}`)
          failed.push(item.name)
        })
      }
      assert.deepEqual(failed.sort(), [...caughtBy].sort())
    })
  }

  test('every case of the suite finds some lie', () => {
    const toothless = backendCases.map((item) => item.name).filter((name) => !caught.has(name))
    assert.deepEqual(toothless, [])
  })
})

describe('the suite itself', () => {
  test('has one case of each name', () => {
    const names = backendCases.map((item) => item.name)
    assert.equal(new Set(names).size, names.length)
  })

  test('refuses to skip a case that does not exist, and a capability that does not exist', () => {
    assert.throws(
      () => testBackend('x', referenceHandle, { skip: { 'no such case': 'why not' } }),
      /no such case/,
    )
    assert.throws(() => testBackend('x', referenceHandle, { knownFailures: { nothing: 'why' } }), /nothing/)
    assert.throws(() => testBackend('x', referenceHandle, { capabilities: ['magic' as never] }), /magic/)
  })
})
