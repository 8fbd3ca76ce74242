// Login and logout, and everything that changes what a visitor may do: each time the session id changes, so that an
// id which somebody planted or saw before is worth nothing afterwards (OWASP, session fixation).
const express = require('express')
const session = require('sojourn')
const listen = require('../listen')

/** In real life: a table, and scrypt or argon2 for the passwords. */
const users = new Map([['ann', { password: 'open sesame', admin: true }]])

const store = new session.MemoryStore({ owner: (data) => data.user })
const app = express()

app.use(
  session({
    secret: process.env.SESSION_SECRET || 'only to try this out',
    resave: false,
    saveUninitialized: false,
    store,
    // At most an hour of silence, and a day in all.
    idleTimeout: 3_600_000,
    absoluteTimeout: 24 * 3_600_000,
    cookie: { sameSite: 'lax' },
  }),
)
app.use(express.urlencoded({ extended: false }))

app.get('/', (req, res) => {
  const { user, admin } = req.session
  res.json({ user: user ?? null, admin: admin ?? false })
})

app.post('/login', async (req, res) => {
  const { name, password } = req.body ?? {}
  if (!isRight(name, password)) return res.status(401).json({ error: 'unknown name or wrong password' })
  // A new session: nothing that was collected before the login is taken for the user's.
  await req.session.regenerate()
  req.session.user = name
  res.redirect('/')
})

app.post('/become-admin', loggedIn, async (req, res) => {
  if (!users.get(req.session.user)?.admin) return res.status(403).json({ error: 'not for you' })
  // The same session under a new id: the data stay, the old id is dead.
  await req.session.renewId()
  req.session.admin = true
  res.redirect('/')
})

app.post('/password', loggedIn, async (req, res) => {
  const { user } = req.session
  const { old, password } = req.body ?? {}
  if (!isRight(user, old) || !password)
    return res.status(403).json({ error: 'the old password, and a new one' })
  users.get(user).password = String(password)
  await req.session.renewId()
  // Whoever knew the old password is out, on every device but this one.
  const ended = await store.revokeOwner(user, { except: req.session.id })
  res.json({ ended })
})

app.post('/logout', async (req, res) => {
  await req.session.destroy()
  res.redirect('/')
})

function isRight(name, password) {
  const user = users.get(name)
  return user !== undefined && user.password === password
}

function loggedIn(req, res, next) {
  if (req.session.user) next()
  else res.status(401).json({ error: 'log in first' })
}

module.exports = app

if (require.main === module) {
  const login = '-d "name=ann&password=open+sesame" /login'
  listen(app, [login, '/', '-X POST /become-admin', '/', '-X POST /logout', '/'])
}
