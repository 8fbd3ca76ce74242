import assert from 'node:assert/strict'
import { test } from 'node:test'
import { page } from './support/pages'
import { type Side, withBoth } from './support/sides'
import { lateStore } from './support/stores'
import { BASE_OPTIONS, inTime } from './support/visits'

/** What API Gateway sends for a request, in its format 2.0. */
function event(path: string, cookies: string[]) {
  return {
    version: '2.0',
    rawPath: path,
    rawQueryString: '',
    headers: { host: 'site.example' },
    cookies,
    requestContext: { http: { method: 'GET', path, sourceIp: '192.0.2.1' }, stage: '$default' },
    isBase64Encoded: false,
  }
}

const ADAPTERS: Record<string, (side: Side, app: any) => any> = {
  'serverless-http': (side, app) => side.load('serverless-http')(app),
  '@vendia/serverless-express': (side, app) => side.load('@vendia/serverless-express')({ app }),
}

for (const [name, adapt] of Object.entries(ADAPTERS)) {
  withBoth(name, (side) => {
    for (const kind of ['memory', 'late'] as const) {
      test(`${kind} store: a visitor of a function is known again, until logout`, async () => {
        const store = kind === 'late' ? lateStore(side) : undefined
        const app = side.load('express')()
        app.use(side.session({ ...BASE_OPTIONS, store }))
        app.get('/*path', async (req: any, res: any) => res.send(await page(req)))
        const handler = adapt(side, app)
        let cookies: string[] = []
        const get = async (path: string, sent = cookies): Promise<string> => {
          const answer: any = await inTime(handler(event(path, sent), {}))
          assert.equal(answer.statusCode, 200)
          const set: string[] = answer.cookies ?? answer.multiValueHeaders?.['set-cookie'] ?? []
          if (set.length > 0) cookies = set.map((line) => line.split(';', 1)[0] ?? '')
          // The next call may come to a function that was frozen meanwhile: what is not saved now never is.
          if (side.differs('functions answer before the save')) await store?.idle()
          return answer.isBase64Encoded ? Buffer.from(answer.body, 'base64').toString() : answer.body
        }

        for (const views of ['1', '2', '3']) assert.equal(await get('/count'), views)
        const before = cookies
        assert.equal(await get('/login'), 'hello')
        assert.notDeepEqual(cookies, before)
        assert.equal(await get('/who'), 'ann')
        const kept = cookies
        assert.equal(await get('/logout'), 'bye')
        assert.equal(await get('/who', kept), 'a stranger')
      })
    }
  })
}
