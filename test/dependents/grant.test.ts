import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serve as serveProvider } from '../support/app'
import { withBoth } from './support/sides'
import { lateStore } from './support/stores'
import { BASE_OPTIONS, inTime, serve } from './support/visits'

withBoth('grant', (side) => {
  for (const kind of ['memory', 'late'] as const) {
    test(`${kind} store: a login at a provider comes back with its token in the session`, async (t) => {
      const provider = await serveProvider(t, (req, res) => {
        req.resume()
        res.setHeader('content-type', 'application/json')
        res.end('{"access_token":"a token","token_type":"bearer"}')
      })
      const app = side.load('express')()
      app.use(side.session({ ...BASE_OPTIONS, ...(kind === 'late' ? { store: lateStore(side) } : {}) }))
      app.use(
        side.load('grant').express({
          defaults: { origin: 'http://site.example', transport: 'session', state: true },
          ours: {
            authorize_url: 'http://provider.example/authorize',
            access_url: `${provider.origin}/token`,
            oauth: 2,
            key: 'key',
            secret: 'secret',
            callback: '/welcome',
          },
        }),
      )
      app.get('/welcome', (req: any, res: any) => res.json(req.session.grant.response ?? {}))
      const client = (await serve(t, app)).client()

      const away = await inTime(client.get('/connect/ours'))
      assert.equal(away.status, 302)
      const state = new URL(away.headers.location ?? '').searchParams.get('state')
      assert.ok(state)
      const back = await inTime(client.get(`/connect/ours/callback?code=code&state=${state}`))
      assert.deepEqual([back.status, back.headers.location], [302, '/welcome'])
      const { access_token } = JSON.parse((await inTime(client.get('/welcome'))).body)
      assert.equal(access_token, 'a token')
    })
  }
})
