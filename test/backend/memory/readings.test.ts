/** The memory backend keeps what was read in a body beside that body: with it or not at all. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MemoryBackend } from '../../../lib/backend/memory/backend'
import { session } from '../../../lib/middleware/session'
import { seal } from '../../../lib/record/seal'
import { BackedStore } from '../../../lib/store/backed-store'
import { serve } from '../../support/app'

const LATER = Date.now() + 3_600_000

describe('what was read in a body', () => {
  it('comes back with that body, whatever its deadline, and not with another body', () => {
    const backend = new MemoryBackend()
    const [first, second] = [{ of: 'the first' }, { of: 'the second' }]
    const reading = () => backend.read('k')?.reading
    backend.create('k', { body: '1', expires: LATER, reading: first })
    assert.equal(reading(), first)
    backend.extend('k', LATER + 1)
    assert.equal(reading(), first)
    backend.replace('k', '0', { body: '2', expires: LATER, reading: second })
    assert.equal(reading(), first, 'not replaced')
    backend.replace('k', '1', { body: '2', expires: LATER, reading: second })
    assert.equal(reading(), second)
    backend.replace('k', '2', { body: '3', expires: LATER })
    assert.equal(reading(), undefined, 'replaced by a body in which nothing was read')
    backend.remove('k')
    backend.create('k', { body: '1', expires: LATER })
    assert.equal(reading(), undefined, 'created anew')
  })

  /** What a backend is given for a session that a visitor saves and changes. */
  async function given(t: it.TestContext, backend: MemoryBackend, options = {}): Promise<object[]> {
    const entries: object[] = []
    const { create, replace } = backend
    backend.create = (key, entry) => entries.push(entry) > 0 && create.call(backend, key, entry)
    backend.replace = (key, seen, entry) => {
      entries.push(entry)
      return replace.call(backend, key, seen, entry)
    }
    const store = new BackedStore(backend, options)
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
    assert.equal(entries.length, 2)
    return entries
  }

  it('is given to a backend that keeps it', async (t) => {
    for (const entry of await given(t, new MemoryBackend()))
      assert.equal(typeof (entry as any).reading, 'object')
  })

  it('is not given to a backend that has only the contract', async (t) => {
    class Plain extends MemoryBackend {
      override readonly keepsReadings = false as true
    }
    for (const entry of await given(t, new Plain())) assert.ok(!('reading' in entry))
  })

  it('is not kept beside a sealed record', async (t) => {
    const options = { seal: seal({ keys: ['k'.repeat(32)] }) }
    for (const entry of await given(t, new MemoryBackend(), options)) assert.ok(!('reading' in entry))
  })
})
