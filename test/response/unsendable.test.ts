import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FailingStore, sessionApp } from './support/apps'

describe('a session that cannot be sent or saved', () => {
  const cases: Record<string, { spoil(session: any): void; says: RegExp }> = {
    'circular data': { spoil: (s) => (s.me = s), says: /session key "me" cannot be written as JSON/ },
    'a BigInt': { spoil: (s) => (s.big = 1n), says: /session key "big" cannot be written as JSON/ },
    'a toJSON that throws': {
      spoil: (s) =>
        (s.odd = {
          toJSON() {
            throw new Error('no')
          },
        }),
      says: /session key "odd" cannot be written as JSON: no/,
    },
    'a cookie path with a line break': { spoil: (s) => (s.cookie.path = '/\r\nX-Evil: 1'), says: /path/ },
    'a cookie domain with a semicolon': { spoil: (s) => (s.cookie.domain = 'a.com; Secure'), says: /domain/ },
    'a sameSite that is none': { spoil: (s) => (s.cookie.sameSite = 'sometimes'), says: /sameSite/ },
  }
  for (const [words, { spoil, says }] of Object.entries(cases)) {
    for (const store of ['memory', 'slow'] as const) {
      it(`goes to next(), and the response is not stuck: ${words}, ${store} store`, async (t) => {
        const options = store === 'memory' ? { store: undefined } : {}
        const app = await sessionApp(
          t,
          new FailingStore(),
          (req, res) => {
            req.session.n = 1
            spoil(req.session)
            res.end('never')
          },
          { options },
        )
        const answer = await app.client().get('/')
        assert.equal(answer.status, 500)
        assert.match(app.errors[0].message, says)
        assert.equal(answer.headers['x-evil'], undefined)
        assert.deepEqual(answer.setCookies, [])
      })
    }
  }
})

describe('a handler that throws', () => {
  for (const kind of ['connect', 'express 4', 'express 5'] as const) {
    it(`has its error page, and what it put in the session before is saved: ${kind}`, async (t) => {
      const app = await sessionApp(
        t,
        new FailingStore(),
        (req, res) => {
          if (req.url === '/read') return res.end(String(req.session.user))
          req.session.user = 'mary'
          throw new Error('oops')
        },
        { kind },
      )
      const client = app.client()
      const answer = await client.get('/')
      assert.equal(answer.body, 'error: oops')
      assert.equal((await client.get('/read')).body, 'mary')
    })
  }
})
