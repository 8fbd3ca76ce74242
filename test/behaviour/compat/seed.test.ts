import assert from 'node:assert/strict'
import connect from 'connect'
import cookieParser from 'cookie-parser'
import { express4, type Handler, routes, serve } from '../../support/app'
import { stopClock } from '../../support/clock'
import { putData, serveWith, showData } from '../../support/session-app'
import { behaviour, behaviourOnStores } from './behaviour'

/*
 * The manual of Connect's session middleware, sentence by sentence, and its examples as they stand there.
 */

const basics = { '/put': putData, '/': showData }
const QUIET = { resave: false, saveUninitialized: false }

/** The view counter of the manual. It counts up after it has ended the response. */
function viewCounter(req: any, res: any): void {
  const sess = req.session
  if (sess.views) {
    res.setHeader('Content-Type', 'text/html')
    res.write(`<p>views: ${sess.views}</p>`)
    res.write(`<p>expires in: ${sess.cookie.maxAge / 1000}s</p>`)
    res.end()
    sess.views++
  } else {
    sess.views = 1
    res.end('welcome to the session demo. refresh!')
  }
}

for (const [kind, newApp] of [
  ['Connect', connect],
  ['Express', express4],
] as const) {
  behaviour(`Manual: the view counter counts the views of each user, on ${kind}`, async ({ session, t }) => {
    const clock = stopClock(t)
    const app: any = newApp()
    app.use(cookieParser())
    app.use(session({ ...QUIET, secret: 'keyboard cat', cookie: { maxAge: 60000 } }))
    app.use(viewCounter)
    const { client } = await serve(t, app)
    const ann = client()
    const bob = client()
    assert.equal((await ann.get('/')).body, 'welcome to the session demo. refresh!')
    const second = await ann.get('/')
    assert.equal(second.body, '<p>views: 1</p><p>expires in: 60s</p>')
    assert.equal(second.headers['content-type'], 'text/html')
    clock.advance(10_000)
    assert.equal((await ann.get('/')).body, '<p>views: 2</p><p>expires in: 50s</p>')
    assert.equal((await bob.get('/')).body, 'welcome to the session demo. refresh!')
    assert.equal((await ann.get('/')).body, '<p>views: 3</p><p>expires in: 60s</p>')
    clock.advance(60_000)
    assert.equal((await ann.get('/')).body, 'welcome to the session demo. refresh!')
  })
}

behaviour('Manual: the first example', async ({ session, t }) => {
  const app: any = connect()
  app.use(cookieParser())
  app.use(session({ ...QUIET, secret: 'keyboard cat', key: 'sid', cookie: { secure: true } }))
  app.use(routes(basics))
  const client = (await serve(t, app, { https: true })).client()
  assert.match(
    (await client.get('/put?user=ann')).setCookies[0] ?? '',
    /^sid=s%3A[^;]+; Path=\/; HttpOnly; Secure$/,
  )
  assert.equal((await client.get('/')).body, '{"user":"ann"}')
  const plain = (await serve(t, app)).client()
  assert.deepEqual((await plain.get('/put?user=ann')).setCookies, [])
})

behaviour('Manual: key, cookie and proxy have their defaults', async ({ kit, t }) => {
  const client = (await serveWith(kit, t, {}, routes(basics))).client()
  assert.match((await client.get('/put')).setCookies[0] ?? '', /^connect\.sid=[^;]+; Path=\/; HttpOnly$/)
  const proxied = (await serveWith(kit, t, { proxy: true, cookie: { secure: true } }, putData)).client()
  const { setCookies } = await proxied.get('/', { headers: { 'x-forwarded-proto': 'https' } })
  assert.equal(setCookies.length, 1)
})

behaviour('Manual: a cookie that was tampered with is no session', async ({ kit, t }) => {
  const client = (await serveWith(kit, t, {}, routes(basics))).client()
  await client.get('/put?user=ann')
  const tampered = `connect.sid=${client.cookie()?.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))}`
  assert.equal((await client.get('/', { cookie: tampered })).body, '{}')
})

behaviour(
  'Manual: nested objects are fine, and the session data are not in the cookie',
  async ({ kit, t }) => {
    const cart = { items: [{ id: 1, tags: ['a'] }], total: 9.5, none: null }
    const app = routes({
      ...basics,
      '/cart': (req, res) => {
        req.session.cart = cart
        res.end()
      },
    })
    const client = (await serveWith(kit, t, {}, app)).client()
    const { setCookies } = await client.get('/cart')
    assert.ok((setCookies[0] ?? '').length < 150)
    assert.deepEqual(JSON.parse((await client.get('/')).body), { cart })
  },
)

behaviour('Manual: a destroyed session is generated anew by the next request', async ({ kit, t }) => {
  const ids: string[] = []
  const app = routes({
    ...basics,
    '/destroy': (req, res) => {
      ids.push(req.sessionID)
      req.session.destroy(() => res.end(String(req.session)))
    },
    '/id': (req, res) => {
      ids.push(req.sessionID)
      res.end(typeof req.session)
    },
  })
  const client = (await serveWith(kit, t, {}, app)).client()
  await client.get('/put?user=ann')
  assert.equal((await client.get('/destroy')).body, 'undefined')
  assert.equal((await client.get('/id')).body, 'object')
  assert.notEqual(ids[0], ids[1])
})

behaviour('Manual: expires = false makes the cookie last as long as the browser', async ({ kit, t }) => {
  const app: Handler = (req, res) => {
    req.session.n = (req.session.n ?? 0) + 1
    req.session.cookie.expires = false
    res.end(String(req.session.cookie.maxAge))
  }
  const client = (await serveWith(kit, t, { cookie: { maxAge: 60_000 }, rolling: true }, app)).client()
  for (let i = 0; i < 2; i++) {
    const { body, setCookies } = await client.get('/')
    assert.equal(body, 'false')
    assert.match(setCookies[0] ?? '', /^[^;]+; Path=\/; HttpOnly$/)
  }
})

behaviour('Manual: setting expires and setting maxAge are the same', async ({ session, t }) => {
  stopClock(t)
  const hour = 3600000
  const a = new session.Cookie()
  const b = new session.Cookie()
  a.expires = new Date(Date.now() + hour)
  b.maxAge = hour
  assert.deepEqual(a.data, b.data)
})

behaviourOnStores(
  'Manual: maxAge is the time left until touch() has reset it',
  async ({ kit, t, newStore }) => {
    const clock = stopClock(t)
    const seen: number[] = []
    const app: Handler = (req, res) => {
      req.session.n = (req.session.n ?? 0) + 1
      const { cookie } = req.session
      seen.push(cookie.maxAge)
      res.on('finish', () => seen.push(cookie.maxAge))
      res.end()
    }
    const client = (await serveWith(kit, t, { store: newStore(), cookie: { maxAge: 60_000 } }, app)).client()
    await client.get('/')
    clock.advance(30_000)
    await client.get('/')
    assert.deepEqual(seen, [60_000, 60_000, 30_000, 60_000])
  },
)

behaviour('Manual: length and clear of the store', async ({ session }) => {
  const store = new session.MemoryStore()
  const length = () => new Promise((resolve) => store.length((_: unknown, n: number) => resolve(n)))
  store.set('a', { cookie: new session.Cookie() }, () => {})
  store.set('b', { cookie: new session.Cookie() }, () => {})
  assert.equal(await length(), 2)
  await new Promise<void>((resolve) => store.clear(() => resolve()))
  assert.equal(await length(), 0)
})
