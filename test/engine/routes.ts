import express from 'express'
import type { Session, SessionEngine } from '../../lib/engine'
import { showError } from '../support/app'

/** Routes that use every method of the engine's session. */
export function appOver(engine: SessionEngine): express.Express {
  const app = express()
  app.use(engine.middleware)
  const route = (path: string, work: (session: Session, req: express.Request) => unknown) =>
    app.get(path, async (req: any, res) => {
      res.json((await work(req.session as Session, req)) ?? null)
    })
  const started = (path: string, work: (session: Session, req: express.Request) => unknown) =>
    route(path, async (session, req) => {
      await session.start()
      return work(session, req)
    })
  route('/untouched', (session) => ({ ready: session.ready, id: session.id }))
  started('/start', (session) => ({ ready: session.ready, stored: session.stored }))
  started('/all', (session) => session.get())
  started('/get/:name', (session, req) => session.get(String(req.params['name'])))
  started('/set/:name/:value', (session, req) => {
    session.set(String(req.params['name']), req.params['value'])
  })
  started('/many', (session) => {
    session.set({ id: 'some_id', email: 'some_email' })
  })
  started('/reset', (session) => session.reset({ only: 'this' }).get())
  started('/delete/:name', (session, req) => {
    session.delete(String(req.params['name']))
  })
  started('/clear', (session) => session.delete().get())
  started('/about', ({ id, signed_id, signedId, stored, duration, expires_at, expiresAt, ready }) => {
    const same = signed_id === signedId && expires_at === expiresAt
    return { id, signed_id, stored, duration, left: expires_at - Date.now(), ready, same }
  })
  started('/roll', (session) => session.roll())
  started('/touch', (session) => session.touch())
  started('/last/:ms', (session, req) => {
    session.set_duration(Number(req.params['ms']))
  })
  started('/destroy', (session) => session.destroy())
  // Without `start()`.
  route('/id', (session) => ({ id: session.id, signed_id: session.signed_id, ready: session.ready }))
  route('/logout', async (session) => {
    const { id } = session
    await Promise.all([session.destroy(), session.destroy()])
    await session.destroy()
    return { same: session.id === id, ready: session.ready }
  })
  route('/move', (session) => session.touch())
  started('/slow/:name', async (session, req) => {
    session.set(String(req.params['name']), 1)
    await new Promise((resolve) => setTimeout(resolve, 20))
  })
  app.get('/redirect', async (req: any, res) => {
    await req.session.start()
    req.session.set('seen', true)
    res.redirect('/get/seen')
  })
  app.get('/signed/:signed', async (req: any, res) => {
    const taken = req.session.set_signed_id(req.params.signed)
    await req.session.start()
    res.json({ taken: taken !== false, data: req.session.get() })
  })
  // Express tells error handlers by their four parameters.
  app.use(((error: unknown, req: unknown, res: unknown, next: () => void) =>
    showError(error, req, res, next)) as never)
  return app
}
