// Without a framework: the middleware is a function of request, response and what comes next.
const session = require('sojourn')
const listen = require('../listen')

const sessions = session({
  secret: process.env.SESSION_SECRET || 'only to try this out',
  resave: false,
  saveUninitialized: false,
})

function app(req, res) {
  sessions(req, res, (error) => {
    if (error) {
      // Also when the session could not be saved: the headers are still unsent then.
      res.statusCode = 500
      res.end('Something went wrong\n')
      return
    }
    req.session.views = (req.session.views ?? 0) + 1
    res.setHeader('Content-Type', 'text/plain')
    res.end(`${req.session.views} views\n`)
  })
}

module.exports = app

if (require.main === module) listen(app, ['/'])
