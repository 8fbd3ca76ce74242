import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { forgetWarnings } from '../../lib/base/warnings'
import type { Handler } from '../support/app'
import { turns } from '../support/clock'
import { keep, odd, ours, session } from './ours'

describe('a handler that goes on after it has ended the response', () => {
  const late =
    (change: (session: any) => unknown, kind: 'sync' | 'async'): Handler =>
    async (req, res) => {
      if (kind === 'async') await turns(1)
      res.end('ended')
      await change(req.session)
    }
  const changes: Array<[string, (session: any) => void, object]> = [
    [
      'sets a key',
      (s) => {
        s.late = 1
      },
      { user: 'ann', late: 1 },
    ],
    [
      'changes a key',
      (s) => {
        s.user = 'bob'
      },
      { user: 'bob' },
    ],
    [
      'removes a key',
      (s) => {
        delete s.user
      },
      {},
    ],
  ]
  for (const [what, change, expected] of changes) {
    for (const kind of ['sync', 'async'] as const) {
      it(`and ${what}, is obeyed (${kind})`, async (t) => {
        const { client, since } = await ours(t, {}, { '/late': late(change, kind) })
        await client.get('/put?user=ann')
        since()
        assert.equal((await client.get('/late')).body, 'ended')
        assert.deepEqual(JSON.parse((await client.get('/')).body), expected)
        assert.deepEqual(since(), ['saved'])
      })
    }
  }

  it('also when it has changed the session before', async (t) => {
    const { client } = await ours(
      t,
      {},
      {
        '/late': (req, res) => {
          req.session.early = 1
          res.end()
          req.session.late = 1
        },
      },
    )
    await client.get('/put?user=ann')
    await client.get('/late')
    assert.equal((await client.get('/')).body, '{"user":"ann","early":1,"late":1}')
  })

  it('and has ended the session, brings nothing back', async (t) => {
    const { client } = await ours(
      t,
      {},
      {
        '/late': (req, res) => {
          const { session } = req
          res.end()
          session.late = 1
          session.destroy()
          session.later = 1
        },
      },
    )
    await client.get('/put?user=ann')
    const cookie = keep(client)
    await client.get('/late')
    await turns(2)
    assert.equal((await client.get('/', { cookie })).body, '{}')
  })

  it('writes nothing if it changes nothing', async (t) => {
    const store = new session.MemoryStore()
    const { client, since } = await ours(
      t,
      { store },
      {
        '/same': (req, res) => {
          res.end()
          req.session.user = `${req.session.user}`
        },
      },
    )
    await client.get('/put?user=ann')
    since()
    await client.get('/same')
    assert.deepEqual(since(), [])
  })

  it('is not what a merge looks like: no warning blames the handler', async (t) => {
    const codes: string[] = []
    t.mock.method(process, 'emitWarning', (_words: string, { code }: { code: string }) => codes.push(code))
    const app = await ours(
      t,
      {},
      {
        '/change': async (req, res) => {
          await app.client.twin().get('/put?theirs=1')
          req.session.mine = 1
          res.end()
        },
      },
    )
    await app.client.get('/put?user=ann')
    forgetWarnings()
    await app.client.get('/change')
    await turns(2)
    assert.deepEqual(codes, [])
    assert.equal((await app.client.get('/')).body, '{"user":"ann","theirs":"1","mine":1}')
    assert.deepEqual(app.since(), ['created', 'saved', 'saved'])
  })

  it('marks that a store puts on the session are no late changes', async (t) => {
    const store = new odd.MarkingStore()
    const { client } = await ours(t, { store })
    await client.get('/put?user=ann')
    await client.get('/')
    await client.get('/')
    assert.deepEqual(store.calls, ['set', 'get', 'touch', 'get', 'touch'])
  })
})
