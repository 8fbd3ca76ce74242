// A response that never ends by itself. What the handler puts in the session before the first write is saved before
// the headers leave; what it puts in later is saved when the stream ends, also when the visitor just leaves.
const express = require('express')
const session = require('sojourn')
const listen = require('../listen')

const app = express()

app.use(
  session({
    secret: process.env.SESSION_SECRET || 'only to try this out',
    resave: false,
    saveUninitialized: false,
  }),
)

app.get('/events', (req, res) => {
  req.session.streams = (req.session.streams ?? 0) + 1
  res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
  const tick = () => {
    req.session.ticks = (req.session.ticks ?? 0) + 1
    res.write(`data: ${req.session.ticks}\n\n`)
  }
  tick()
  const timer = setInterval(tick, Number(process.env.TICK_MS || 1000))
  res.on('close', () => clearInterval(timer))
})

app.get('/', (req, res) => {
  const { streams = 0, ticks = 0 } = req.session
  res.json({ streams, ticks })
})

module.exports = app

if (require.main === module) listen(app, ['-N -m 3 /events', '/'])
