import { createServer, type IncomingMessage } from 'node:http'

import session = require('sojourn')

const handle = session({ secret: 'x', resave: false, saveUninitialized: false })

createServer((req, res) => {
  handle(req, res, () => {
    const { session: mine, sessionID } = req as IncomingMessage & session.SessionFields
    mine.views = (mine.views ?? 0) + 1
    res.end(`${mine.views} ${sessionID}`)
  })
})

class Mine extends session.MemoryStore {
  override get(...args: Parameters<session.MemoryStore['get']>) {
    return super.get(...args)
  }
}
export const store: session.Store = new Mine()
