// What is in the session, known to the compiler: one declaration, and `req.session` has types everywhere.
import express from 'express'
import session from 'sojourn'

declare module 'sojourn' {
  interface SessionData {
    cart: { article: string; pieces: number }[]
  }
}

export const app = express()

app.use(
  session({
    secret: process.env['SESSION_SECRET'] ?? 'only to try this out',
    resave: false,
    saveUninitialized: false,
  }),
)

app.get('/add/:article', (req, res) => {
  const cart = req.session.cart ?? []
  const line = cart.find(({ article }) => article === req.params.article)
  if (line) line.pieces++
  else cart.push({ article: req.params.article, pieces: 1 })
  req.session.cart = cart
  res.json(cart)
})
