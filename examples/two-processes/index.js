// All cores of a machine: several processes behind one port, and one file that all of them share. Which process
// answers makes no difference, and after a restart everybody is still logged in.
const cluster = require('node:cluster')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const express = require('express')
const session = require('sojourn')
const { LmdbStore } = require('sojourn/lmdb')
const listen = require('../listen')

function makeApp(path) {
  const app = express()
  app.use(
    session({
      secret: process.env.SESSION_SECRET || 'only to try this out',
      resave: false,
      saveUninitialized: false,
      store: new LmdbStore({ path }),
    }),
  )
  app.get('/', async (req, res) => {
    // Exact, whichever processes count at the same time.
    const views = await session.update(req, (data) => {
      data.views = (data.views ?? 0) + 1
      return data.views
    })
    res.json({ views, process: process.pid })
  })
  return app
}

module.exports = makeApp

if (require.main === module) {
  if (cluster.isPrimary) {
    for (let i = 0; i < 2; i++) cluster.fork()
    cluster.once('listening', (_worker, { port }) => {
      console.log(listen.linesToTry(port, ['/', '/', '/']).join('\n'))
    })
  } else {
    listen(makeApp(process.env.SESSIONS_PATH || join(tmpdir(), 'sojourn-two-processes')))
  }
}
