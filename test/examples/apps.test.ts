/** The examples that are an application each, over HTTP. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { app as typedData } from '../../examples/typed-data/app'
import { serve } from '../support/app'

describe('the examples', () => {
  test('typed-data: fills a cart, per visitor', async (t) => {
    const served = await serve(t, typedData)
    const [ann, bob] = [served.client(), served.client()]
    await ann.get('/add/apple')
    await ann.get('/add/pear')
    assert.deepEqual(JSON.parse((await ann.get('/add/apple')).body), [
      { article: 'apple', pieces: 2 },
      { article: 'pear', pieces: 1 },
    ])
    assert.deepEqual(JSON.parse((await bob.get('/add/fig')).body), [{ article: 'fig', pieces: 1 }])
  })

  test('several-apps: each has its own cookie and count, and paths beside them have no session', async (t) => {
    const served = await serve(t, require('../../examples/several-apps'))
    const client = served.client()
    const get = async (path: string) => JSON.parse((await client.get(path)).body)
    assert.deepEqual(await get('/shop'), { app: 'shop', views: 1 })
    assert.deepEqual(await get('/shop'), { app: 'shop', views: 2 })
    const admin = await client.get('/admin')
    assert.deepEqual(JSON.parse(admin.body), { app: 'admin', views: 1 })
    assert.match(admin.setCookies.join(), /^admin=.*; Path=\/admin;.*SameSite=Strict/)
    assert.deepEqual(await get('/admin'), { app: 'admin', views: 2 })
    assert.deepEqual(await get('/shop'), { app: 'shop', views: 3 })
    assert.deepEqual(await get('/'), { session: false })
    assert.equal((await client.get('/shopping')).status, 404)
  })

  test('node-http: counts without a framework', async (t) => {
    const served = await serve(t, require('../../examples/node-http'))
    const client = served.client()
    await client.get('/')
    assert.equal((await client.get('/')).body, '2 views\n')
    assert.equal((await served.client().get('/')).body, '1 views\n')
  })

  test('server-sent-events: a stream sets the cookie before its first event, and is counted though the visitor leaves', async (t) => {
    const served = await serve(t, require('../../examples/server-sent-events'))
    const client = served.client()
    for (const nth of [1, 2]) {
      const request = client.start('/events')
      const [response] = await once(request, 'response')
      assert.equal(response.headers['content-type'], 'text/event-stream')
      assert.ok(client.cookie())
      response.on('error', () => {})
      const [event] = await once(response, 'data')
      assert.equal(String(event), `data: ${nth}\n\n`)
      assert.equal(JSON.parse((await client.get('/')).body).streams, nth)
      request.destroy()
      // The events are saved when the server has noticed that the visitor left.
      await until(async () => JSON.parse((await client.get('/')).body).ticks === nth)
    }
  })

  test('engine: counts, renews at login, forgets at logout', async (t) => {
    const served = await serve(t, require('../../examples/engine'))
    const client = served.client()
    const { views, expires_in } = JSON.parse((await client.get('/')).body)
    assert.equal(views, 1)
    assert.ok(expires_in > 59_000 && expires_in <= 60_000)
    assert.equal(JSON.parse((await client.get('/')).body).views, 2)
    const before = client.twin()
    assert.deepEqual(JSON.parse((await client.post('/login')).body), { views: 2, user: 'ann' })
    assert.notEqual(client.cookie('visit'), before.cookie('visit'))
    assert.equal(JSON.parse((await before.get('/')).body).views, 1)
    before.stop()
    assert.equal(JSON.parse((await client.get('/')).body).views, 3)
    const stolen = client.twin()
    await client.post('/logout')
    assert.equal(client.cookie('visit'), undefined)
    assert.equal(JSON.parse((await stolen.get('/')).body).views, 1)
    stolen.stop()
  })
})

/** Asks again and again, at most a thousand times. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let left = 1000; left > 0; left--) if (await isSo()) return
  assert.fail('waited in vain')
}
