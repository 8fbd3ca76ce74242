import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Served, serve } from '../support/app'
import type { Client } from '../support/client'

const app = require('../../examples/login')
const ANN = 'name=ann&password=open+sesame'

const form = { headers: { 'content-type': 'application/x-www-form-urlencoded' } }
const post = (client: Client, path: string, body = '') => client.post(path, body, form)
const whoIs = async (client: Client) => JSON.parse((await client.get('/')).body)

async function loggedIn(served: Served): Promise<Client> {
  const client = served.client()
  assert.equal((await post(client, '/login', ANN)).status, 302)
  return client
}

describe('the example login', () => {
  test('knows who has logged in, until he logs out', async (t) => {
    const client = await loggedIn(await serve(t, app))
    assert.deepEqual(await whoIs(client), { user: 'ann', admin: false })
    const stolen = client.twin()
    await post(client, '/logout')
    assert.equal(client.cookie(), undefined)
    assert.deepEqual(await whoIs(client), { user: null, admin: false })
    assert.deepEqual(await whoIs(stolen), { user: null, admin: false })
    stolen.stop()
  })

  test('lets nobody in with a wrong password, or without name and password', async (t) => {
    const served = await serve(t, app)
    for (const body of ['name=ann&password=x', 'name=ann', 'name=nobody', 'name=nobody&password=', '']) {
      const client = served.client()
      assert.equal((await post(client, '/login', body)).status, 401, body)
      assert.equal(client.cookie(), undefined)
    }
  })

  test('gives a new id at login, and the one from before is dead', async (t) => {
    const client = await loggedIn(await serve(t, app))
    const planted = client.twin()
    await post(client, '/login', ANN)
    assert.notEqual(client.cookie(), planted.cookie())
    assert.equal((await whoIs(planted)).user, null)
    assert.equal((await whoIs(client)).user, 'ann')
    planted.stop()
  })

  test('gives a new id with the same data when privilege changes', async (t) => {
    const served = await serve(t, app)
    assert.equal((await post(served.client(), '/become-admin')).status, 401)
    const client = await loggedIn(served)
    const before = client.twin()
    await post(client, '/become-admin')
    assert.deepEqual(await whoIs(client), { user: 'ann', admin: true })
    assert.equal((await whoIs(before)).user, null)
    before.stop()
  })

  test('ends all other sessions of the user when the password changes', async (t) => {
    const served = await serve(t, app)
    const here = await loggedIn(served)
    const there = await loggedIn(served)
    assert.equal((await post(here, '/password', 'password=new')).status, 403)
    assert.equal((await post(here, '/password', 'old=open+sesame')).status, 403)
    const changed = await post(here, '/password', 'old=open+sesame&password=open+sesame')
    assert.equal(changed.status, 200)
    assert.ok(JSON.parse(changed.body).ended >= 1)
    assert.equal((await whoIs(there)).user, null)
    assert.equal((await whoIs(here)).user, 'ann')
  })
})
