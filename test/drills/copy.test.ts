/** A hundred thousand sessions move while people use them: `SOJOURN_COPY_SESSIONS=100000`; by default fewer. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import signature from 'cookie-signature'
import { PostgresStore } from '../../lib/store/postgres'
import { RedisStore } from '../../lib/store/redis'
import { sojourn } from '../cli/run'
import { appOf, type Served, serve } from '../support/app'
import {
  type PostgresServer,
  type RedisServer,
  startPostgres,
  startRedis,
  withoutPostgres,
  withoutRedis,
} from '../support/servers'

const session: typeof import('../../lib/index') = require('../../lib/index')

const COUNT = Number(process.env['SOJOURN_COPY_SESSIONS'] ?? 2000)
const VISITORS = 8
const SECRET = 'keyboard cat keyboard cat'
const owner = (session: any): string | undefined => session.userId

describe('sojourn copy under traffic', { skip: withoutRedis() || withoutPostgres() }, () => {
  let redis: RedisServer
  let postgres: PostgresServer
  before(async () => {
    ;[redis, postgres] = await Promise.all([startRedis(), startPostgres()])
  })
  after(() => Promise.all([redis.stop(), postgres.stop()]))

  test('logs nobody out, loses no change and revives nobody who has logged out', async (t) => {
    const old = new RedisStore({ url: redis.url, owner })
    const next = new PostgresStore({
      connectionString: postgres.url,
      createTableIfMissing: true,
      owner,
      migrateFrom: old,
    })
    t.after(() => Promise.all([old.close(), next.close()]))
    assert.equal(await next.length(), 0)
    const idOf = (i: number) => `session-${String(i).padStart(8, '0')}`
    for (let i = 0; i < COUNT; i += 500) {
      const batch = Array.from({ length: Math.min(500, COUNT - i) }, (_, j) => i + j)
      const cookie = {
        originalMaxAge: 3_600_000,
        expires: new Date(Date.now() + 3_600_000),
        created: Date.now(),
      }
      await Promise.all(batch.map((n) => old.set(idOf(n), { cookie, userId: `user-${n}`, views: 0 } as any)))
    }
    const app: Served = await serve(
      t,
      appOf('node:http', [
        session({ secret: SECRET, resave: false, saveUninitialized: false, store: next as never }) as never,
        (req, res) => {
          if (req.url === '/out') return req.session.destroy(() => res.end('out'))
          const { userId } = req.session
          if (userId) req.session.views++
          return res.end(String(userId ?? 'nobody'))
        },
      ]),
    )
    const views = new Map<number, number>()
    const out = new Set<number>()
    let copying = true
    let seed = 7
    const draw = (below: number) => {
      // Park and Miller's generator.
      seed = (seed * 48_271) % 2_147_483_647
      return seed % below
    }
    const visit = async (visitor: number) => {
      const client = app.client()
      for (let round = 0; copying || round < 20; round++) {
        const n = Math.min(
          draw(Math.ceil(COUNT / VISITORS)) * VISITORS + visitor,
          COUNT - 1 - ((COUNT - 1 - visitor) % VISITORS),
        )
        const cookie = `connect.sid=s%3A${encodeURIComponent(signature.sign(idOf(n), SECRET))}`
        const leaves = round % 20 === 19 && !out.has(n)
        const { status, body } = await client.get(leaves ? '/out' : '/', { cookie })
        assert.equal(status, 200)
        if (leaves) {
          out.add(n)
          views.delete(n)
        } else assert.equal(body, out.has(n) ? 'nobody' : `user-${n}`)
        if (body.startsWith('user-')) views.set(n, (views.get(n) ?? 0) + 1)
      }
    }
    const visitors = Promise.all(Array.from({ length: VISITORS }, (_, visitor) => visit(visitor)))
    visitors.catch(() => {
      copying = false
    })
    // Broken off once, and taken up again.
    const breaking = new AbortController()
    const words = ['copy', redis.url, postgres.url]
    const first = sojourn(words, breaking.signal)
    let ended = false
    void first.finally(() => {
      ended = true
    })
    while (!ended && (await old.length()) > COUNT * 0.75) await sleep(5)
    breaking.abort()
    assert.equal((await first).code, 130)
    assert.ok((await old.length()) > 0, 'it was broken off')
    const second = await sojourn(words)
    assert.equal(second.code, 0, second.out + second.err)
    copying = false
    await visitors
    assert.ok(views.size > 20 && out.size > 2, `${views.size} visited, ${out.size} left`)
    assert.equal(await old.length(), 0)
    const all = await next.all()
    for (let n = 0; n < COUNT; n++) {
      const found = all[idOf(n)]
      if (out.has(n)) assert.equal(found, undefined, `session ${n} was ended`)
      else assert.deepEqual([found?.['userId'], found?.['views']], [`user-${n}`, views.get(n) ?? 0])
    }
    const [alive] = [...views.keys()]
    assert.equal((await next.sessionsOf(`user-${alive}`)).length, 1)
    t.diagnostic(
      `${COUNT} sessions, ${[...views.values()].reduce((a, b) => a + b, 0)} requests, ${out.size} logouts`,
    )
  })
})
