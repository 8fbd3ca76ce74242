// A SessionEngine with its six handlers over an application's own storage: here a map, in real life a table.
const { randomUUID } = require('node:crypto')
const express = require('express')
const { SessionEngine } = require('sojourn/engine')
const listen = require('../listen')

const rows = new Map()

const engine = new SessionEngine({
  duration: 60_000,
  cookie: { name: 'visit', sameSite: 'lax', secret: process.env.SESSION_SECRET || 'only to try this out' },
})

engine
  .use('id', async () => randomUUID())
  .use('read', async (session) => rows.get(session.id)?.data)
  .use('write', async (session) => {
    // `stored` chooses between INSERT and UPDATE.
    if (session.stored) Object.assign(rows.get(session.id), { data: session.get(), end: session.expires_at })
    else rows.set(session.id, { data: session.get(), end: session.expires_at })
  })
  .use('touch', async (session) => {
    rows.get(session.id).end = session.expires_at
  })
  .use('destroy', async (session) => rows.delete(session.id))
  .use('cleanup', async () => {
    for (const [id, row] of rows) if (row.end <= Date.now()) rows.delete(id)
  })

const app = express()

app.use(engine.middleware)

app.get('/', async (req, res) => {
  await req.session.start()
  req.session.set('views', (req.session.get('views') ?? 0) + 1)
  res.json({ views: req.session.get('views'), expires_in: req.session.expires_at - Date.now() })
})

app.post('/login', async (req, res) => {
  await req.session.start()
  req.session.set('user', 'ann')
  await req.session.roll()
  res.json(req.session.get())
})

app.post('/logout', async (req, res) => {
  await req.session.start()
  await req.session.destroy()
  res.json({})
})

module.exports = app

if (require.main === module) {
  setInterval(() => engine.cleanup(), 60_000).unref()
  listen(app, ['/', '-X POST /login', '/', '-X POST /logout'])
}
