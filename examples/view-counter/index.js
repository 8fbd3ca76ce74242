// Counts the views of each visitor, for as long as he keeps coming within a minute. `npm start` runs it. The sessions
// are in a file: stop the server and start it again, and the count goes on.
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const express = require('express')
const session = require('sojourn')
const { LmdbStore } = require('sojourn/lmdb')
const listen = require('../listen')

// Somewhere that outlives the process. In production: a folder of the application's own, on a local disk.
const path = process.env.SESSIONS_PATH || join(tmpdir(), 'sojourn-view-counter', 'sessions')

const app = express()

app.use(
  session({
    // A secret of your own, from the environment: who knows it can make session cookies.
    secret: process.env.SESSION_SECRET || 'only to try this out',
    resave: false,
    saveUninitialized: false,
    store: new LmdbStore({ path }),
    cookie: { maxAge: 60_000 },
  }),
)

app.get('/', (req, res) => {
  const sess = req.session
  sess.views = (sess.views ?? 0) + 1
  res.send(page(sess.views, sess.cookie.maxAge / 1000))
})

const page = (views, seconds) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>View counter</title>
<style>
  body { font: 18px/1.5 system-ui, sans-serif; max-width: 28rem; margin: 15vh auto; padding: 0 1rem; color: #222 }
  strong { display: block; font-size: 4rem; line-height: 1.2 }
  a { color: #06c }
</style>
<h1>${views === 1 ? 'Welcome to the session demo' : 'Welcome back'}</h1>
<p>views: <strong>${views}</strong></p>
<p>expires in: ${Math.round(seconds)}s</p>
<p><a href="/">Refresh</a> to be counted again; wait a minute to be forgotten.</p>
`

module.exports = app

if (require.main === module) listen(app)
