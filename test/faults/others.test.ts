import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Handler, type Owner, routes } from '../support/app'
import { sojourn } from '../support/kits'
import { oddStores } from '../support/odd-stores'
import { gate, serveWith } from '../support/session-app'

const { session } = sojourn
const { LiveStore, PlainStore } = oddStores(session.Store)

const show: Handler = (req, res) => res.end(String(req.session.user))
const put: Handler = (req, res) => {
  req.session.user = req.url.split('?')[1]
  res.end(req.sessionID)
}

describe('29: options and data belong to who made them', () => {
  it('takes frozen options and leaves them as they were', async (t) => {
    const cookie = Object.freeze({ maxAge: 1000, sameSite: 'lax' })
    const options = Object.freeze({ secret: Object.freeze(['a', 'b']), cookie, name: 'x' })
    const before = JSON.stringify(options)
    const client = (await serveWith(sojourn, t, options, put)).client()
    assert.equal((await client.get('/?ann')).status, 200)
    assert.equal(JSON.stringify(options), before)
  })

  it('does not see what happens to the options later', async (t) => {
    const options = { cookie: { path: '/', sameSite: 'lax' }, secret: ['a'] }
    const client = (await serveWith(sojourn, t, options, put)).client()
    options.cookie.sameSite = 'none'
    options.secret[0] = 'b'
    assert.match((await client.get('/?ann')).setCookies[0] ?? '', /SameSite=Lax/)
  })

  it('refuses an empty secret, also in an array', () => {
    for (const secret of [[''], ['fine', ''], [Buffer.alloc(0)], ['fine', undefined], [5]]) {
      assert.throws(() => session({ secret }), { name: 'TypeError', code: 'ERR_SESSION_OPTION' })
    }
  })

  it('MemoryStore keeps what it was given, not the object', async () => {
    const store = new session.MemoryStore()
    const given = { cookie: new session.Cookie(), cart: { items: [1] } }
    await store.set('a', given)
    given.cart.items.push(2)
    const found = await store.get('a')
    assert.deepEqual(found.cart.items, [1])
    found.cart.items.push(3)
    assert.deepEqual((await store.get('a')).cart.items, [1])
  })

  it('a change is saved also in a store that keeps the objects themselves', async (t) => {
    const store = new LiveStore()
    const app = routes({
      '/put': put,
      '/change': (req, res) => {
        req.session.cart ??= { items: [] }
        req.session.cart.items.push(1)
        res.end()
      },
    })
    const client = (await serveWith(sojourn, t, { store }, app)).client()
    await client.get('/put?ann')
    await client.get('/change')
    const sets = store.count('set')
    await client.get('/change')
    assert.equal(store.count('set'), sets + 1)
    assert.deepEqual([...store.live.values()][0].cart.items, [1, 1])
  })
})

describe('40: an id that is in use is never given to another', () => {
  for (const kind of ['MemoryStore', 'a store of others'] as const) {
    const newStore = () => (kind === 'MemoryStore' ? new session.MemoryStore() : new PlainStore())
    const visitors = async (t: Owner, ids: string[], app: Handler) => {
      const left = [...ids]
      const options = { store: newStore(), genid: () => left.shift() ?? 'taken' }
      const served = await serveWith(sojourn, t, options, app)
      return [served.client(), served.client()] as const
    }
    const app = routes({
      '/put': put,
      '/': show,
      '/renew': (req, res, next) => {
        req.session.renewId().then(() => res.end(req.sessionID), next)
      },
      '/regenerate': async (req, res) => {
        await req.session.regenerate()
        req.session.user = 'new'
        res.end()
      },
    })

    it(`on creation, in ${kind}`, async (t) => {
      const [ann, bob] = await visitors(t, ['taken', 'taken', 'taken', 'free'], app)
      await ann.get('/put?ann')
      await bob.get('/put?bob')
      assert.equal((await ann.get('/')).body, 'ann')
      assert.equal((await bob.get('/')).body, 'bob')
      assert.match(bob.cookie() ?? '', /^s%3Afree\./)
    })

    it(`on creation by two requests side by side, in ${kind}`, async (t) => {
      let arrived = 0
      const both = gate()
      const together: Handler = async (req, res) => {
        if (++arrived === 2) both.open()
        await both.opened
        put(req, res, () => {})
      }
      const [ann, bob] = await visitors(
        t,
        ['taken', 'taken', 'free'],
        routes({ '/put': together, '/': show }),
      )
      await Promise.all([ann.get('/put?ann'), bob.get('/put?bob')])
      assert.equal((await ann.get('/')).body, 'ann')
      assert.equal((await bob.get('/')).body, 'bob')
    })

    it(`on renewal, in ${kind}`, async (t) => {
      const [ann, bob] = await visitors(t, ['taken', 'second', 'taken', 'free'], app)
      await ann.get('/put?ann')
      await bob.get('/put?bob')
      assert.equal((await bob.get('/renew')).body, 'free')
      assert.equal((await ann.get('/')).body, 'ann')
      assert.equal((await bob.get('/')).body, 'bob')
    })

    it(`on regeneration, in ${kind}`, async (t) => {
      const [ann, bob] = await visitors(t, ['taken', 'second', 'taken', 'free'], app)
      await ann.get('/put?ann')
      await bob.get('/put?bob')
      await bob.get('/regenerate')
      assert.equal((await ann.get('/')).body, 'ann')
      assert.equal((await bob.get('/')).body, 'new')
    })

    it(`a generator that knows one id only is an error, in ${kind}`, async (t) => {
      const [ann, bob] = await visitors(t, [], app)
      await ann.get('/put?ann')
      const refused = await bob.get('/put?bob')
      assert.equal(refused.status, 500)
      assert.match(refused.body, /ERR_SESSION_ID_TAKEN/)
      assert.doesNotMatch(refused.body, /taken/)
      assert.match((await ann.get('/renew')).body, /ERR_SESSION_ID_TAKEN/)
      assert.equal((await ann.get('/')).body, 'ann')
    })
  }
})
