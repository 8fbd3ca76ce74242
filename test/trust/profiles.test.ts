import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { appOf, serve } from '../support/app'
import { sojourn } from '../support/kits'
import { putData } from '../support/session-app'

const { session } = sojourn
const secret = 'a secret of more than sixteen'

describe('session.profiles', () => {
  for (const name of ['strict', 'aal1', 'aal2', 'aal3']) {
    it(`${name} sets a cookie that browsers keep to this host and to https`, async (t) => {
      const sessions = session({ ...session.profiles[name], secret })
      const client = (await serve(t, appOf('express 5', [sessions, putData]), { https: true })).client()
      const [line = ''] = (await client.get('/put?user=ann')).setCookies
      assert.match(line, /^__Host-session=s%3A/)
      const attributes = line.split('; ').slice(1).sort()
      const site = name === 'strict' ? 'SameSite=Strict' : 'SameSite=Lax'
      assert.deepEqual(attributes, ['HttpOnly', 'Path=/', site, 'Secure'])
    })
  }

  it('have the times of NIST SP 800-63B-4 and OWASP', () => {
    const times = Object.fromEntries(
      Object.entries<any>(session.profiles).map(([name, { idleTimeout, absoluteTimeout }]) => [
        name,
        [idleTimeout, absoluteTimeout].map((ms) => ms && ms / 60_000),
      ]),
    )
    assert.deepEqual(times, {
      strict: [15, 8 * 60],
      aal1: [undefined, 30 * 24 * 60],
      aal2: [60, 24 * 60],
      aal3: [15, 12 * 60],
    })
  })

  it('say at creation what to change where they cannot work', () => {
    const { aal2 } = session.profiles
    for (const [cookie, words] of [
      [{ ...aal2.cookie, domain: 'example.com' }, /cookie\.domain.*name that begins with __Secure-/],
      [{ ...aal2.cookie, secure: false }, /cookie\.secure.*over http take another name/],
      [{ path: '/app' }, /cookie\.secure/],
    ] as const) {
      assert.throws(() => session({ ...aal2, secret, cookie }), {
        code: 'ERR_SESSION_OPTION',
        message: words,
      })
    }
    assert.throws(() => session({ ...aal2, secret, deviceBound: 'yes' }), { code: 'ERR_SESSION_OPTION' })
  })
})
