// "Log out my other devices": a user sees the sessions that are open in his name, and ends them.
const express = require('express')
const session = require('sojourn')
const listen = require('../listen')
const { loginPage, devicesPage } = require('./pages')

function makeApp(store = new session.MemoryStore({ owner: (data) => data.user, maxPerOwner: 10 })) {
  const app = express()
  app.use(
    session({
      secret: process.env.SESSION_SECRET || 'only to try this out',
      resave: false,
      saveUninitialized: false,
      store,
      // With `lax` no other site can post these forms in a visitor's name.
      cookie: { maxAge: 30 * 24 * 3_600_000, sameSite: 'lax' },
    }),
  )
  app.use(express.urlencoded({ extended: false }))

  app.get('/', async (req, res) => {
    const { user } = req.session
    if (!user) return res.send(loginPage())
    const own = store.fingerprintOf(req.session.id)
    const devices = await store.sessionsOf(user)
    res.send(devicesPage(user, devices, own))
  })

  app.post('/login', async (req, res) => {
    // In real life a password is asked for here: see the example `login`.
    await req.session.regenerate()
    req.session.user = String(req.body?.user || 'ann')
    req.session.device = deviceOf(req.headers['user-agent'])
    res.redirect('/')
  })

  app.post('/end', async (req, res) => {
    // The page shows fingerprints, never keys or ids; no session of another user has this one.
    if (req.session.user) await store.revokeOwner(req.session.user, { only: req.body?.device })
    res.redirect('/')
  })

  app.post('/end-others', async (req, res) => {
    if (req.session.user) await store.revokeOwner(req.session.user, { except: req.session.id })
    res.redirect('/')
  })

  app.post('/logout', async (req, res) => {
    await req.session.destroy()
    res.redirect('/')
  })

  return app
}

function deviceOf(userAgent = '') {
  // In this order: Edge calls itself Chrome too, and Chrome calls itself Safari; Android calls itself Linux.
  const browser =
    ['Firefox', 'Edg', 'Chrome', 'Safari'].find((name) => userAgent.includes(name)) ?? 'A browser'
  const system = ['Windows', 'Android', 'iPhone', 'Mac OS', 'Linux'].find((name) => userAgent.includes(name))
  return `${browser === 'Edg' ? 'Edge' : browser} on ${system ?? 'some device'}`
}

module.exports = makeApp

if (require.main === module) listen(makeApp())
