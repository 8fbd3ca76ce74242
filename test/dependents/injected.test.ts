import assert from 'node:assert/strict'
import { test } from 'node:test'
import { page } from './support/pages'
import { type Side, withBoth } from './support/sides'
import { lateStore } from './support/stores'
import { BASE_OPTIONS, inTime } from './support/visits'

function site(side: Side, kind: 'memory' | 'late') {
  const app = side.load('express')()
  app.use(side.session({ ...BASE_OPTIONS, ...(kind === 'late' ? { store: lateStore(side) } : {}) }))
  app.get('/*path', async (req: any, res: any) => res.send(await page(req)))
  return app
}

withBoth('supertest', (side) => {
  for (const kind of ['memory', 'late'] as const) {
    test(`${kind} store: its agent keeps the session from request to request`, async () => {
      const agent = side.load('supertest').agent(site(side, kind))
      for (const views of ['1', '2', '3']) await inTime(agent.get('/count').expect(200, views))
      await inTime(agent.get('/login').expect('set-cookie', /connect\.sid/))
      await inTime(agent.get('/who').expect(200, 'ann'))
      await inTime(agent.get('/logout').expect(200, 'bye'))
      await inTime(agent.get('/who').expect(200, 'a stranger'))
    })
  }
})

withBoth('light-my-request', (side) => {
  for (const kind of ['memory', 'late'] as const) {
    test(`${kind} store: requests without a connection have sessions`, async () => {
      const inject = side.load('light-my-request')
      const app = site(side, kind)
      let cookie: string | undefined
      const get = async (path: string, sent = cookie) => {
        const headers = sent === undefined ? {} : { cookie: sent }
        const answer: any = await inTime(inject(app, { method: 'GET', url: path, headers }))
        const [line] = [answer.headers['set-cookie'] ?? []].flat()
        if (line !== undefined) cookie = line.split(';', 1)[0]
        return [answer.statusCode, answer.payload]
      }
      for (const views of ['1', '2', '3']) assert.deepEqual(await get('/count'), [200, views])
      assert.deepEqual(await get('/login'), [200, 'hello'])
      const kept = cookie
      assert.deepEqual(await get('/who'), [200, 'ann'])
      assert.deepEqual(await get('/logout'), [200, 'bye'])
      assert.deepEqual(await get('/who', kept), [200, 'a stranger'])
    })
  }
})
