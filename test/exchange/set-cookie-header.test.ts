/** How the cookie stands among the response's headers, for code that reads them back before they are sent. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { appOf, serve } from '../support/app'
import { KITS } from '../support/kits'
import { BASE_OPTIONS } from '../support/session-app'

for (const { name, session } of KITS) {
  test(`${name}: Set-Cookie is a list, also of one cookie, as adapters of serverless hosts want it`, async (t) => {
    let shown: unknown
    const show = (req: any, res: any): void => {
      req.session.user = 'ann'
      res.once('finish', () => {
        shown = res.getHeader('set-cookie')
      })
      res.end('hello')
    }
    const client = (await serve(t, appOf('node:http', [session(BASE_OPTIONS), show]))).client()
    const { setCookies } = await client.get('/')
    assert.equal(setCookies.length, 1)
    assert.deepEqual(shown, setCookies)
  })
}
