import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { asked, page } from './support/pages'
import { withBoth } from './support/sides'
import { lateStore } from './support/stores'
import { BASE_OPTIONS, failedSaves, type Host, inTime, serve, visits } from './support/visits'

withBoth('compression', (side) => {
  for (const order of ['in front', 'behind'] as const) {
    test(`${order}: a long answer arrives whole and zipped, and its session is kept`, async (t) => {
      const app = side.load('express')()
      const zip = side.load('compression')({ threshold: 0 })
      const sessions = side.session({ ...BASE_OPTIONS, store: lateStore(side) })
      app.use(...(order === 'in front' ? [zip, sessions] : [sessions, zip]))
      app.get('/', (req: any, res: any) => {
        req.session.views = (req.session.views ?? 0) + 1
        res.type('text').write(`${req.session.views} `)
        res.end('x'.repeat(100_000))
      })
      const client = (await serve(t, app)).client()
      for (const views of [1, 2, 3]) {
        const answer = await inTime(client.get('/', { headers: { 'accept-encoding': 'gzip' } }))
        assert.equal(answer.headers['content-encoding'], 'gzip')
        assert.equal(gunzipSync(answer.bytes).toString(), `${views} ${'x'.repeat(100_000)}`)
      }
    })
  }
})

withBoth('connect-timeout', (side) => {
  const host: Host = (sessions) => {
    const app = side.load('express')()
    app.use(side.load('connect-timeout')('5s'), sessions)
    app.get('/*path', async (req: any, res: any) => res.send(await page(req)))
    app.use((_error: unknown, _req: any, res: any, _next: any) => res.status(500).send('sorry'))
    return app
  }
  visits(side, host)
  failedSaves(side, host)

  test('a request that took too long is answered, and its session kept', async (t) => {
    const app = side.load('express')()
    app.use(side.session(BASE_OPTIONS), side.load('connect-timeout')('20ms'))
    app.get('/slow', async (req: any, _res: any) => {
      req.session.tried = true
      await asked((done) => req.session.save(done))
    })
    app.get('/tried', (req: any, res: any) => res.send(String(req.session.tried)))
    app.use((error: any, _req: any, res: any, _next: any) => res.status(error.status).send(error.code))
    const client = (await serve(t, app)).client()
    const late = await inTime(client.get('/slow'))
    assert.deepEqual([late.status, late.body], [503, 'ETIMEDOUT'])
    assert.equal((await inTime(client.get('/tried'))).body, 'true')
  })
})
