import assert from 'node:assert/strict'
import { it } from 'node:test'
import { odd, ours } from './ours'

it('a store may answer an object that it keeps and that nobody may change: it is merged with all the same', async (t) => {
  class FrozenStore extends odd.PlainStore {
    override read(sid: string): any {
      const record = super.read(sid)
      return record && Object.freeze(record)
    }
  }
  const { client } = await ours(
    t,
    { store: new FrozenStore() },
    {
      '/slow': async (req, res) => {
        delete req.session.old
        req.session.mine = 1
        await client.twin().get('/put?theirs=2')
        res.end()
      },
    },
  )
  await client.get('/put?old=1')
  assert.equal((await client.get('/slow')).status, 200)
  assert.deepEqual(JSON.parse((await client.get('/')).body), { theirs: '2', mine: 1 })
})
