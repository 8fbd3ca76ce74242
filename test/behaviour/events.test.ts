import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { inspect, promisify } from 'node:util'
import { fingerprint } from '../../lib/base/ids'
import type { Handler } from '../support/app'
import { turns } from '../support/clock'
import { partOf } from '../support/kits'
import { idOf, keep, odd, ours, STORES, session } from './ours'

const run = promisify(execFile)
const { forgetWarnings } = partOf('base/warnings')

const verbs: Record<string, Handler> = {
  '/destroy': async (req, res) => {
    await req.session.destroy()
    res.end()
  },
  '/regenerate': async (req, res) => {
    await req.session.regenerate()
    req.session.user = 'bob'
    res.end(req.sessionID)
  },
  '/renew': async (req, res) => {
    await req.session.renewId()
    res.end(req.sessionID)
  },
  '/unset': (req, res) => {
    req.session = null
    res.end()
  },
}

describe('what happens to a session is told', () => {
  for (const [kind, make] of STORES) {
    it(`from its creation to its end, in ${kind}`, async (t) => {
      const { client, told } = await ours(t, { store: make(), unset: 'destroy' }, verbs)
      const ids: string[] = []
      const at = () => fingerprint(ids.at(-1) ?? '')
      const visit = async (path: string) => {
        const { body } = await client.get(path)
        ids.push(body || idOf(client))
        return told.splice(0)
      }
      assert.deepEqual(await visit('/'), [])
      await client.get('/put?user=ann')
      ids.push(idOf(client))
      assert.deepEqual(told.splice(0), [['created', { session: at() }]])
      await client.get('/put?user=bob')
      assert.deepEqual(told.splice(0), [['saved', { session: at(), merged: false, overwritten: [] }]])
      await client.get('/put?user=bob')
      assert.deepEqual(told.splice(0), [], 'nothing was changed')

      const before = at()
      assert.deepEqual(await visit('/renew'), [['renewed', { session: at(), previous: before }]])
      const renewed = at()
      assert.deepEqual(await visit('/regenerate'), [
        ['destroyed', { session: renewed, because: 'regenerated' }],
        ['created', { session: at() }],
      ])
      const last = fingerprint(idOf(client))
      await client.get('/unset')
      assert.deepEqual(told.splice(0), [['destroyed', { session: last, because: 'unset' }]])
      await client.get('/put?user=eve')
      const end = fingerprint(idOf(client))
      told.length = 0
      await client.get('/destroy')
      assert.deepEqual(told.splice(0), [['destroyed', { session: end, because: 'destroyed' }]])
    })
  }

  for (const [kind, make] of STORES) {
    it(`nothing of the end of a session that was never stored, in ${kind}`, async (t) => {
      const { client, told } = await ours(t, { store: make(), unset: 'destroy' }, verbs)
      for (const path of ['/destroy', '/unset', '/renew']) await client.get(path)
      assert.deepEqual(
        told.filter(([name]) => name !== 'created'),
        [],
      )
      await client.get('/put?user=ann')
      const twin = client.twin()
      await client.get('/destroy')
      told.length = 0
      await twin.get('/destroy')
      assert.deepEqual(told, [['refused', { because: 'unknown' }]])
    })
  }

  it('a secure cookie over http, and one that comes too late, are withheld', async (t) => {
    const insecure = await ours(t, { cookie: { secure: true } })
    await insecure.client.get('/put')
    assert.deepEqual(
      insecure.told.map(([name, event]) => [name, event.because]),
      [
        ['created', undefined],
        ['withheld', 'insecure'],
      ],
    )
    const late = await ours(
      t,
      {},
      {
        '/late': (req, res) => {
          res.write('head')
          req.session.user = 'ann'
          res.end('tail')
        },
      },
    )
    assert.deepEqual((await late.client.get('/late')).setCookies, [])
    assert.ok(late.told.some(([name, event]) => name === 'withheld' && event.because === 'late'))
  })

  it('the store goes and comes back', async (t) => {
    const store = new odd.PlainStore()
    const { told } = await ours(t, { store })
    for (const state of ['disconnect', 'disconnect', 'connect', 'connect', 'disconnect']) store.emit(state)
    assert.deepEqual(told, [
      ['storeState', { up: false }],
      ['storeState', { up: true }],
      ['storeState', { up: false }],
    ])
  })

  it('every middleware tells of its own requests alone', async (t) => {
    const store = new session.MemoryStore()
    const first = await ours(t, { store, name: 'first' })
    const second = await ours(t, { store, name: 'second' })
    await first.client.get('/put')
    assert.equal(first.told.length, 1)
    assert.equal(second.told.length, 0)
  })

  it('what a listener throws is a mistake of the process, not of the request', async () => {
    const script = `
      const session = require('./lib')
      const middleware = session({ secret: 'x', resave: false, saveUninitialized: false })
      middleware.events.on('created', () => { throw new Error('of the listener') })
      process.on('uncaughtException', (error) => console.log('process:', error.message))
      const req = { url: '/', headers: {} }
      middleware(req, {}, () => {
        req.session.user = 'ann'
        req.session.save((error) => console.log('request:', error ?? 'saved'))
      })`
    const options = { cwd: join(__dirname, '../..'), timeout: 10_000 }
    const { stdout } = await run(process.execPath, ['--import', 'tsx', '-e', script], options)
    assert.deepEqual(stdout.trim().split('\n').sort(), ['process: of the listener', 'request: saved'])
  })
})

describe('ids are secrets', () => {
  it('no event, warning or error holds one', async (t) => {
    forgetWarnings()
    const said: unknown[] = []
    const onWarning = (warning: Error) => said.push(`${warning.message} ${warning.stack}`)
    process.on('warning', onWarning)
    t.after(() => process.off('warning', onWarning))
    const ids = new Set<string>()
    for (const [, make] of [...STORES, ['failing', () => new odd.FailingStore()] as const]) {
      const store = make()
      const app = await ours(
        t,
        { store, unset: 'destroy', storeTimeout: 5000 },
        {
          ...verbs,
          '/bad': (req, res) => {
            req.session.n = 1n
            res.end()
          },
          '/late': async (req, res) => {
            await app.client.twin().get('/destroy')
            req.session.late = 1
            await req.session.save().catch((error: Error) => said.push(error.message))
            await session.update(req, () => {}).catch((error: Error) => said.push(error.message))
            res.end()
          },
        },
      )
      const visit = async (path: string, options = {}) => {
        const { status, body } = await app.client.get(path, options)
        if (status === 500) said.push(body)
        ids.add(idOf(app.client))
      }
      for (const path of ['/put?user=ann', '/renew', '/regenerate', '/bad', '/late', '/put?user=bob'])
        await visit(path)
      const cookie = keep(app.client)
      if (store.failing) {
        for (const call of ['get', 'set', 'touch', 'destroy']) {
          store.failing.clear()
          store.failing.add(call)
          for (const path of ['/', '/put?x=1', '/destroy', '/renew']) await visit(path)
        }
        store.failing.clear()
      } else if (store.rows) {
        store.rows.set(idOf(app.client), '"broken"')
        await visit('/', { cookie })
      } else {
        store.sessions[idOf(app.client)] = 'broken'
        await visit('/', { cookie })
      }
      said.push(...app.told.map(([name, event]) => [name, event, event.error?.message, event.error?.stack]))
    }
    await turns(2)
    ids.delete('')
    assert.ok(ids.size >= 6)
    const text = JSON.stringify(said)
    assert.ok(said.length > 30)
    for (const id of ids) assert.ok(!text.includes(id), 'an id was told')
  })

  it('nor when the store itself says it in its error', async (t) => {
    const store = new odd.PlainStore()
    const { client, told } = await ours(t, { store })
    await client.get('/put?user=ann')
    const id = idOf(client)
    const failure = () => Object.assign(new Error(`cannot open sess:${id}.json, ${id}`), { code: 'EMFILE' })
    for (const get of [
      (_sid: string, done: any) => setImmediate(done, failure()),
      () => Promise.reject(failure()),
      () => {
        throw failure()
      },
    ]) {
      store.get = get
      told.length = 0
      const { body } = await client.get('/')
      assert.match(body, /ERR_SESSION_STORE cannot open sess:/)
      assert.ok(!body.includes(id))
      const [, event] = told.find(([name]) => name === 'storeError') ?? []
      assert.equal(event.error.cause.code, 'EMFILE')
      assert.ok(!inspect(event.error).includes(id))
    }
  })
})

describe('warnings for those who do not listen', () => {
  it('come once per process and say what to change', async (t) => {
    forgetWarnings()
    const warnings: any[] = []
    const onWarning = (warning: Error) => warnings.push(warning)
    process.on('warning', onWarning)
    t.after(() => process.off('warning', onWarning))
    for (let i = 0; i < 3; i++) {
      const { client } = await ours(t, { cookie: { secure: true } })
      await client.get('/put')
      await client.get('/', { cookie: 'connect.sid=s%3Aa.b' })
    }
    session({ secret: 'keyboard cat, keyboard cat' })
    session({ secret: 'keyboard cat, keyboard cat' })
    await turns(2)
    assert.deepEqual(
      warnings.map(({ name, code }) => `${name} ${code}`),
      [
        'SojournWarning SOJOURN_SECRET_SHORT',
        'SojournWarning SOJOURN_COOKIE_WITHHELD',
        'SojournWarning SOJOURN_COOKIE_REFUSED',
        'SojournWarning SOJOURN_UNDEFINED_RESAVE',
        'SojournWarning SOJOURN_UNDEFINED_SAVEUNINITIALIZED',
      ],
    )
    assert.match(warnings[1].message, /trust proxy/)
  })
})
