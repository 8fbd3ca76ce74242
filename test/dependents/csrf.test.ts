import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Side, withBoth } from './support/sides'
import { lateStore } from './support/stores'
import { BASE_OPTIONS, inTime, serve } from './support/visits'

interface Guard {
  /** What stands behind the session. */
  middlewares: any[]
  /** The token for a form. */
  token(req: any, res: any): string
}

const GUARDS: Record<string, (side: Side) => Guard> = {
  'csrf-csrf': (side) => {
    const { doubleCsrf } = side.load('csrf-csrf')
    const { generateCsrfToken, doubleCsrfProtection } = doubleCsrf({
      getSecret: () => 'another secret',
      getSessionIdentifier: (req: any) => req.session.id,
      cookieName: 'csrf',
      cookieOptions: { secure: false },
    })
    return {
      middlewares: [side.load('cookie-parser')(), doubleCsrfProtection],
      token: (req, res) => {
        // The token belongs to the id, so that the session has to be kept.
        req.session.form = true
        return generateCsrfToken(req, res)
      },
    }
  },
  'csrf-sync': (side) => {
    const { generateToken, csrfSynchronisedProtection } = side.load('csrf-sync').csrfSync()
    return { middlewares: [csrfSynchronisedProtection], token: (req) => generateToken(req) }
  },
  csurf: (side) => ({ middlewares: [side.load('csurf')()], token: (req) => req.csrfToken() }),
  lusca: (side) => ({
    middlewares: [side.load('lusca')({ csrf: true, xframe: 'DENY', nosniff: true })],
    token: (_req, res) => res.locals._csrf,
  }),
}

for (const [name, guardOf] of Object.entries(GUARDS)) {
  withBoth(name, (side) => {
    for (const kind of ['memory', 'late'] as const) {
      test(`${kind} store: a form with its token is taken, others are refused`, async (t) => {
        const app = side.load('express')()
        const guard = guardOf(side)
        const store = kind === 'late' ? { store: lateStore(side) } : {}
        app.use(side.session({ ...BASE_OPTIONS, ...store }), ...guard.middlewares)
        app.get('/form', (req: any, res: any) => res.send(guard.token(req, res)))
        app.post('/pay', (_req: any, res: any) => res.send('paid'))
        app.use((_error: unknown, _req: any, res: any, _next: any) => res.status(403).send('refused'))
        const { client: newClient } = await serve(t, app)
        const [client, other] = [newClient(), newClient()]
        const pay = async (who: typeof client, token?: string) => {
          const headers = token === undefined ? {} : { 'x-csrf-token': token }
          const { status, body } = await inTime(who.post('/pay', '', { headers }))
          return [status, body]
        }

        const token = (await inTime(client.get('/form'))).body
        assert.ok(token.length >= 20, token)
        assert.deepEqual(await pay(client, token), [200, 'paid'])
        assert.deepEqual(await pay(client), [403, 'refused'])
        assert.deepEqual(await pay(client, `${token}x`), [403, 'refused'])
        await inTime(other.get('/form'))
        assert.deepEqual(await pay(other, token), [403, 'refused'])
        assert.deepEqual(await pay(client, token), [200, 'paid'])
      })
    }
  })
}
