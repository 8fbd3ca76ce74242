// A store of your own over a SQL table, by compare-and-swap: as exact as the stores of this package, also when several
// processes share the table. Five verbs are all that the table has to know; `storeOf` makes a store of them, and
// `testBackend` of `sojourn/conformance` tells what is missing: see test/examples/writing-a-backend.test.ts.
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const express = require('express')
const session = require('sojourn')
const { SessionError, storeOf } = require('sojourn/backend')
const listen = require('../listen')

/** A row that has expired is absent, whether or not it was pruned: each statement compares `expires` with now. */
const STATEMENTS = {
  read: 'SELECT body, expires FROM sessions WHERE key = ? AND expires > ?',
  create: `INSERT INTO sessions (key, body, expires) VALUES (?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET body = excluded.body, expires = excluded.expires WHERE expires <= ?`,
  replace: 'UPDATE sessions SET body = ?, expires = ? WHERE key = ? AND body = ? AND expires > ?',
  remove: 'DELETE FROM sessions WHERE key = ? AND expires > ?',
  extend: 'UPDATE sessions SET expires = ? WHERE key = ? AND expires > ?',
  page: 'SELECT key, body, expires FROM sessions WHERE key > ? AND expires > ? ORDER BY key LIMIT 500',
  prune: 'DELETE FROM sessions WHERE expires <= ?',
}

class SqliteBackend {
  #database
  #statements = {}

  constructor(path) {
    this.#database = new (sqlite())(path)
    this.#database.exec(`PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
      CREATE TABLE IF NOT EXISTS sessions (key TEXT PRIMARY KEY, body TEXT NOT NULL, expires REAL NOT NULL);
      CREATE INDEX IF NOT EXISTS sessions_expires ON sessions (expires)`)
    for (const [name, sql] of Object.entries(STATEMENTS)) this.#statements[name] = this.#database.prepare(sql)
  }

  read(key) {
    return this.#run('read').get(key, Date.now())
  }

  create(key, { body, expires }) {
    return this.#run('create').run(key, body, expires, Date.now()).changes === 1
  }

  /** The database compares and writes in one step. Without a change: what is there instead, or `undefined`. */
  replace(key, seen, { body, expires }) {
    const { changes } = this.#run('replace').run(body, expires, key, seen, Date.now())
    return changes === 1 || this.read(key)
  }

  remove(key) {
    return this.#run('remove').run(key, Date.now()).changes === 1
  }

  extend(key, expires) {
    return this.#run('extend').run(expires, key, Date.now()).changes === 1
  }

  /** Page by page, so that nothing is locked between two of them. Each page begins behind the key before it. */
  async *scan(prefix = '') {
    let after = ''
    for (;;) {
      const rows = this.#run('page').all(after, Date.now())
      for (const { key, body, expires } of rows) if (key.startsWith(prefix)) yield [key, { body, expires }]
      if (rows.length === 0) return
      after = rows.at(-1).key
    }
  }

  prune(now) {
    return this.#run('prune').run(now).changes
  }

  close() {
    this.#database?.close()
    this.#database = undefined
  }

  #run(name) {
    if (!this.#database) throw new SessionError('ERR_SESSION_CLOSED', 'the table has been closed')
    return this.#statements[name]
  }
}

/** Two packages with the same interface, as far as it is needed here. */
function sqlite() {
  for (const name of ['node:sqlite', 'better-sqlite3']) {
    try {
      const loaded = require(name)
      return loaded.DatabaseSync ?? loaded
    } catch (error) {
      if (!['ERR_UNKNOWN_BUILTIN_MODULE', 'MODULE_NOT_FOUND'].includes(error.code)) throw error
    }
  }
  throw new Error('SQLite is part of Node.js 22.13 and later; for older ones: npm install better-sqlite3')
}

function makeApp(store) {
  const app = express()
  const secret = process.env.SESSION_SECRET || 'only to try this out'
  app.use(session({ secret, resave: false, saveUninitialized: false, store }))
  app.get('/', (req, res) => {
    req.session.views = (req.session.views ?? 0) + 1
    res.json({ views: req.session.views })
  })
  return app
}

module.exports = { SqliteBackend, makeApp }

if (require.main === module) {
  const path = process.env.SESSIONS_PATH || join(tmpdir(), 'sojourn-writing-a-backend.sqlite')
  listen(makeApp(storeOf(new SqliteBackend(path))), ['/'])
}
