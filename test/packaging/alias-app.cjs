// Runs in a folder where sojourn is installed as express-session: `alias-app.cjs STORE [serve]`.
const express = require('express')
const session = require('express-session')

const makers = {
  'connect-pg-simple': () =>
    new (require('connect-pg-simple')(session))({ conObject: {}, pruneSessionInterval: false }),
  'connect-redis': () => {
    const { RedisStore } = require('connect-redis')
    return new RedisStore({ client: require('redis').createClient() })
  },
  memorystore: () => new (require('memorystore')(session))({}),
  'session-file-store': () =>
    new (require('session-file-store')(session))({ path: './sessions', reapInterval: -1, logFn: () => {} }),
}

const store = makers[process.argv[2]]()
if (process.argv[3] === 'serve') serve()
else console.log(store instanceof session.Store && session.update ? 'a Store of sojourn' : 'something else')

function serve() {
  const app = express()
  app.use(session({ secret: 'x', resave: false, saveUninitialized: false, store }))
  app.get('/', (req, res) => {
    req.session.views = (req.session.views ?? 0) + 1
    res.send(String(req.session.views))
  })
  const server = app.listen(0, async () => {
    const views = []
    let cookie = ''
    for (let i = 0; i < 3; i++) {
      const response = await fetch(`http://localhost:${server.address().port}`, { headers: { cookie } })
      cookie = response.headers.get('set-cookie')?.split(';')[0] ?? cookie
      views.push(await response.text())
    }
    console.log(views.join(' '))
    process.exit()
  })
}
