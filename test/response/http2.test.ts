import assert from 'node:assert/strict'
import { once } from 'node:events'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { before, describe, it } from 'node:test'
import * as sojourn from '../../lib/index'
import { type AppKind, appOf, type Handler, type Owner } from '../support/app'
import { FailingStore, openFlights, SlowStore, turn, until } from './support/apps'
import type { Case } from './support/case'
import { CASES } from './support/cases'
import { OPTIONS } from './support/modes'
import { Probe } from './support/probe'
import { suiteOwner } from './support/suite-owner'

interface Answer {
  status: number
  headers: http2.IncomingHttpHeaders
  trailers: http2.IncomingHttpHeaders | undefined
  body: string
  /** The stream was reset with this code; 0: it came to its end. */
  code: number
  cookie: string
}

class Visitor {
  readonly connection: http2.ClientHttp2Session

  constructor(port: number) {
    this.connection = http2.connect(`http://127.0.0.1:${port}`)
    this.connection.on('error', () => {})
  }

  async get(path: string, headers: http2.OutgoingHttpHeaders = {}, method = 'GET'): Promise<Answer> {
    const stream = this.connection.request({ ':path': path, ':method': method, ...headers })
    let received: http2.IncomingHttpHeaders = {}
    let trailers: http2.IncomingHttpHeaders | undefined
    const chunks: Buffer[] = []
    stream.on('response', (given) => {
      received = given
    })
    stream.on('trailers', (given) => {
      trailers = given
    })
    stream.on('data', (chunk) => chunks.push(chunk))
    stream.on('error', () => {})
    stream.end()
    await new Promise((resolve) => stream.once('close', resolve))
    return {
      status: Number(received[':status']),
      headers: received,
      trailers,
      body: Buffer.concat(chunks).toString('latin1'),
      code: stream.rstCode ?? 0,
      cookie:
        (received['set-cookie']?.find((line) => line.startsWith('connect.sid=')) ?? '').split(';', 1)[0] ??
        '',
    }
  }
}

async function serveHttp2(owner: Owner, kind: AppKind, store: unknown, handler: Handler, errors: any[] = []) {
  const sessions = store === undefined ? [] : [sojourn.session({ ...OPTIONS, store } as never) as Handler]
  const listener = appOf(kind, [...sessions, handler], (error, _req, res) => {
    errors.push(error)
    if (res.headersSent) return
    res.statusCode = 500
    res.end(`error: ${error.code ?? error.message}`)
  })
  const server = http2.createServer(listener as never)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const visitor = new Visitor((server.address() as AddressInfo).port)
  owner.after(async () => {
    visitor.connection.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return { visitor, server }
}

/** What the case's handler and its client see. */
async function observe(visitor: Visitor, probes: Map<string, Probe>, tried: Case, cookie: string) {
  const name = encodeURIComponent(tried.name)
  const headers = { 'x-case': name, ...(cookie ? { cookie } : {}) }
  const answer = await visitor.get('/case', headers, tried.method)
  const probe = probes.get(name)
  await until(() => probe?.later.includes('close') === true, 'no close')
  await turn()
  const { date: _date, 'set-cookie': cookies = [], 'cache-control': cacheControl, ...rest } = answer.headers
  return {
    headers: { ...rest },
    cookies: cookies.filter((line) => !line.startsWith('connect.sid=')),
    cacheControl: cacheControl === 'no-cache="Set-Cookie"' ? undefined : cacheControl,
    trailers: answer.trailers && { ...answer.trailers },
    body: answer.body.length > 200 ? `${answer.body.length} of ${answer.body.slice(0, 20)}` : answer.body,
    code: answer.code,
    seen: probe?.seen,
    later: probe?.later.filter((line) => line !== 'drain'),
  }
}

/** Cases in which HTTP/2 differs by itself. */
const OTHER = new Set([
  // It sends the headers before it looks at the chunk.
  'end of something that is no chunk, then a right end',
  'a write of null',
  'writes of what is no chunk',
  // It has its own codes for these, and breaks the stream off for some.
  'writeHead with a status that is none',
  'writeHead with a header that is none, then a right one',
  'writeHead with an undefined value',
  // A write to HEAD is answered with false there.
  'HEAD with writes',
  // Newer lines of Node.js give the whole connection up for it.
  'Content-Length set too small',
  // Node 20 sends a byte of its own for it.
  'an empty write',
])
const SHARED = CASES.filter(({ name }) => !OTHER.has(name))

const STORES: Record<string, () => unknown> = {
  'memory store': () => new sojourn.MemoryStore(),
  'slow store': () => new SlowStore({ get: 1, set: 2, touch: 2 }),
}

describe('a response of node:http2 is what it would be without a session', () => {
  const owner = suiteOwner()
  const probes = new Map<string, Probe>()
  const handler: Handler = (req, res) => {
    if (req.session && req.url === '/read') return res.end(String(req.session.mark))
    const probe = new Probe(req, res)
    probes.set(req.headers['x-case'], probe)
    if (req.session) req.session.mark = req.headers['x-case']
    return CASES.find(({ name }) => encodeURIComponent(name) === req.headers['x-case'])?.run(probe)
  }
  let reference: Visitor
  const known = new Map<Case, Awaited<ReturnType<typeof observe>>>()
  before(async () => {
    reference = (await serveHttp2(owner, 'node:http', undefined, handler)).visitor
  })
  for (const [words, makeStore] of Object.entries(STORES)) {
    for (const kind of ['node:http', 'connect'] as const) {
      describe(`${words}, ${kind}`, () => {
        let visitor: Visitor
        before(async () => {
          visitor = (await serveHttp2(owner, kind, makeStore(), handler)).visitor
        })
        for (const [index, tried] of SHARED.entries()) {
          if (kind === 'connect' && index % 5 !== 0) continue
          it(tried.name, { timeout: 20_000 }, async () => {
            const expected = known.get(tried) ?? (await observe(reference, probes, tried, ''))
            known.set(tried, expected)
            assert.deepEqual(await observe(visitor, probes, tried, ''), expected)
            const { cookie } = await visitor.get('/case', { 'x-case': encodeURIComponent('end(chunk)') })
            assert.deepEqual(await observe(visitor, probes, tried, cookie), expected)
            if (expected.code !== 0) return
            const read = await visitor.get('/read', { cookie })
            assert.equal(read.body, encodeURIComponent(tried.name))
          })
        }
      })
    }
  }
})

describe('a save that fails, over node:http2', () => {
  it('gives an error page and nothing of the answer', async (t) => {
    const { visitor } = await serveHttp2(t, 'connect', new FailingStore('set'), (req, res) => {
      req.session.user = 'mary'
      res.writeHead(302, { location: '/inside', 'content-length': 5 })
      res.end('never')
    })
    const answer = await visitor.get('/')
    assert.equal(answer.status, 500)
    assert.equal(answer.body, 'error: ERR_SESSION_STORE')
    assert.equal(answer.headers['location'], undefined)
    assert.equal(answer.headers['content-length'], undefined)
  })

  it('resets the stream when the headers have left', async (t) => {
    const errors: any[] = []
    const store = new FailingStore('set')
    const handler: Handler = async (req, res) => {
      res.write('half')
      await turn()
      req.session.user = 'mary'
      res.end(' and half')
    }
    const { visitor } = await serveHttp2(t, 'connect', store, handler, errors)
    const answer = await visitor.get('/')
    assert.equal(answer.code, http2.constants.NGHTTP2_INTERNAL_ERROR)
    await until(() => errors.length === 1)
    await until(() => openFlights(store) === 0)
  })
})

describe('a client that leaves, over node:http2', () => {
  it('loses nothing of an event stream', async (t) => {
    const store = new SlowStore({})
    const { visitor } = await serveHttp2(t, 'node:http', store, (req, res) => {
      if (req.url === '/read') return res.end(String(req.session.sent))
      if (req.url === '/begin') {
        req.session.sent = 0
        return res.end()
      }
      const timer = setInterval(() => {
        req.session.sent++
        res.write(`data: ${req.session.sent}\n\n`)
      }, 1)
      res.on('close', () => clearInterval(timer))
    })
    const { cookie } = await visitor.get('/begin')
    const stream = visitor.connection.request({ ':path': '/events', cookie })
    stream.on('error', () => {})
    let seen = ''
    stream.on('data', (chunk) => {
      seen += chunk
    })
    await until(() => seen.includes('data: 5'))
    stream.close(http2.constants.NGHTTP2_CANCEL)
    let sent = 0
    for (let tries = 0; tries < 200 && sent < 5; tries++)
      sent = Number((await visitor.get('/read', { cookie })).body)
    assert.ok(sent >= 5)
    await until(() => openFlights(store) === 0)
  })
})
