import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withBoth } from './support/sides'
import { lateStore } from './support/stores'
import { BASE_OPTIONS, inTime, serve } from './support/visits'

withBoth('connect-flash', (side) => {
  for (const kind of ['memory', 'late'] as const) {
    test(`${kind} store: a message is shown after the redirect, and once`, async (t) => {
      const app = side.load('express')()
      const store = kind === 'late' ? { store: lateStore(side) } : {}
      app.use(side.session({ ...BASE_OPTIONS, ...store }), side.load('connect-flash')())
      app.get('/save', (req: any, res: any) => {
        req.flash('info', 'saved')
        req.flash('info', 'and %s', 'sent')
        res.redirect('/')
      })
      app.get('/', (req: any, res: any) => res.json(req.flash('info')))
      const client = (await serve(t, app)).client()
      assert.equal((await inTime(client.get('/save'))).status, 302)
      assert.deepEqual(JSON.parse((await inTime(client.get('/'))).body), ['saved', 'and sent'])
      assert.deepEqual(JSON.parse((await inTime(client.get('/'))).body), [])
    })
  }
})
