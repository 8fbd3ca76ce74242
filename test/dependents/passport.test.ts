import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withBoth } from './support/sides'
import { lateStore } from './support/stores'
import { BASE_OPTIONS, inTime, serve } from './support/visits'

const FORM = { headers: { 'content-type': 'application/x-www-form-urlencoded' } }

withBoth('passport and passport-local', (side) => {
  function site(options: object) {
    const express = side.load('express')
    const { Passport } = side.load('passport')
    const { Strategy } = side.load('passport-local')
    const passport = new Passport()
    passport.use(
      new Strategy((name: string, password: string, done: any) =>
        done(null, password === 'right' ? { name } : false, { message: 'wrong password' }),
      ),
    )
    passport.serializeUser((user: any, done: any) => done(null, user.name))
    passport.deserializeUser((name: string, done: any) => done(null, { name }))
    const app = express()
    app.use(side.session({ ...BASE_OPTIONS, ...options }))
    app.use(passport.session())
    app.get('/basket', (req: any, res: any) => {
      req.session.basket = ['apple']
      res.send('taken')
    })
    app.get('/', (req: any, res: any) => {
      res.json({ user: req.user?.name, basket: req.session.basket, messages: req.session.messages })
    })
    app.post(
      '/login',
      express.urlencoded({ extended: false }),
      passport.authenticate('local', {
        successRedirect: '/',
        failureRedirect: '/login',
        failureMessage: true,
        keepSessionInfo: true,
      }),
    )
    app.post('/logout', (req: any, res: any, next: any) =>
      req.logout((error: unknown) => (error ? next(error) : res.redirect('/'))),
    )
    return app
  }

  for (const kind of ['memory', 'late'] as const) {
    test(`${kind} store: login keeps the basket under a new id, logout ends the login everywhere`, async (t) => {
      const app = site(kind === 'late' ? { store: lateStore(side) } : {})
      const client = (await serve(t, app)).client()
      const shown = async (one = client) => JSON.parse((await inTime(one.get('/'))).body)

      await client.get('/basket')
      const planted = client.twin()
      const wrong = await inTime(client.post('/login', 'username=ann&password=wrong', FORM))
      assert.equal(wrong.headers.location, '/login')
      assert.deepEqual(await shown(), { basket: ['apple'], messages: ['wrong password'] })

      const right = await inTime(client.post('/login', 'username=ann&password=right', FORM))
      assert.deepEqual([right.status, right.headers.location], [302, '/'])
      // The redirect is followed at once, to a store that takes its time.
      assert.equal((await shown()).user, 'ann')
      assert.deepEqual((await shown()).basket, ['apple'])
      assert.notEqual(client.cookie(), planted.cookie())
      assert.deepEqual(await shown(planted), {})

      const stolen = client.twin()
      await inTime(client.post('/logout'))
      assert.equal((await shown()).user, undefined)
      assert.deepEqual(await shown(stolen), {})
      planted.stop()
      stolen.stop()
    })
  }
})
