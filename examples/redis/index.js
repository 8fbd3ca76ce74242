// Sessions in Redis or Valkey, with the client that the application has anyway.
const express = require('express')
const { createClient } = require('redis')
const session = require('sojourn')
const { RedisStore } = require('sojourn/redis')
const listen = require('../listen')

function makeApp(client) {
  const app = express()
  app.use(
    session({
      secret: process.env.SESSION_SECRET || 'only to try this out',
      resave: false,
      saveUninitialized: false,
      store: new RedisStore({ client }),
      cookie: { maxAge: 3_600_000 },
    }),
  )
  app.get('/', (req, res) => {
    req.session.views = (req.session.views ?? 0) + 1
    res.json({ views: req.session.views })
  })
  return app
}

module.exports = makeApp

if (require.main === module) {
  const client = createClient({ url: process.env.REDIS_URL || 'redis://127.0.0.1:6379' })
  client.on('error', (error) => console.error(`${error.message}: start a Redis, or set REDIS_URL`))
  client.connect().then(() => listen(makeApp(client), ['/']))
}
