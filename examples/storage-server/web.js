// One of the web processes. It keeps nothing of its own: any other one knows its visitors, too.
const express = require('express')
const session = require('sojourn')
const { RedisStore } = require('sojourn/redis')
const listen = require('../listen')

const app = express()

app.use(
  session({
    // The same for all web processes, from the environment: who knows it can make session cookies.
    secret: process.env.SESSION_SECRET || 'only to try this out',
    resave: false,
    saveUninitialized: false,
    // Where the storage server listens. Growing out of it means another URL here, that of a Redis or Valkey.
    store: new RedisStore({ url: process.env.STORAGE_URL || 'redis://127.0.0.1:3001' }),
  }),
)

app.get('/', (req, res) => {
  req.session.views = (req.session.views ?? 0) + 1
  res.json({ views: req.session.views, process: process.pid })
})

module.exports = app

if (require.main === module) {
  listen(app, ['/'])
  // It ends with the process that has started it.
  process.once('disconnect', () => process.exit())
}
