// Sessions in PostgreSQL, with the pool that the application has anyway. The table is that of connect-pg-simple.
const express = require('express')
const { Pool } = require('pg')
const session = require('sojourn')
const { PostgresStore } = require('sojourn/postgres')
const listen = require('../listen')

function makeApp(pool) {
  const app = express()
  app.use(
    session({
      secret: process.env.SESSION_SECRET || 'only to try this out',
      resave: false,
      saveUninitialized: false,
      store: new PostgresStore({ pool, createTableIfMissing: true }),
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
  const pool = new Pool({ connectionString: process.env.DATABASE_URL || 'postgres://localhost/postgres' })
  pool.query('SELECT 1').then(
    () => listen(makeApp(pool), ['/']),
    (error) => {
      console.error(`${error.message || error.code}: start a PostgreSQL, or set DATABASE_URL`)
      process.exitCode = 1
    },
  )
}
