// Two applications on one host and one store. Each has a cookie of its own name and path, and its own rules.
const express = require('express')
const session = require('sojourn')
const listen = require('../listen')

const secret = process.env.SESSION_SECRET || 'only to try this out'
const store = new session.MemoryStore()
const common = { secret, store, resave: false, saveUninitialized: false }

function counter(name) {
  const app = express.Router()
  app.get('/', (req, res) => {
    req.session.views = (req.session.views ?? 0) + 1
    res.json({ app: name, views: req.session.views })
  })
  return app
}

const app = express()

// `/shop` and what is below it; not `/shopping`.
app.use(session({ ...common, name: 'shop', cookie: { path: '/shop', maxAge: 30 * 24 * 3_600_000 } }))
app.use(
  session({ ...common, name: 'admin', cookie: { path: '/admin', sameSite: 'strict' }, idleTimeout: 900_000 }),
)

app.use('/shop', counter('shop'))
app.use('/admin', counter('admin'))
app.get('/', (req, res) => res.json({ session: req.session !== undefined }))

module.exports = app

if (require.main === module) listen(app, ['/shop', '/shop', '/admin'])
