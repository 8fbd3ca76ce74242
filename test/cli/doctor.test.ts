/** Misconfigurations set up for real, behind nginx over TLS and without: each gets its answer from `sojourn doctor`. */
import assert from 'node:assert/strict'
import type http from 'node:http'
import { after, before, describe, test } from 'node:test'
import { judgeSetCookie } from '../../lib/cli/doctor/set-cookie'
import { serve } from '../support/app'
import { type NginxServer, startNginx, withoutNginx } from '../support/servers'
import { sojourn } from './run'

const session: typeof import('../../lib/index') = require('../../lib/index')

type Listener = http.RequestListener
type SessionOptions = Parameters<typeof session>[0]

/** An application with sessions: every page stores something, unless it says otherwise. */
function app(options: SessionOptions = {}): Listener {
  const handle = session({
    secret: 'a secret of enough bytes',
    resave: false,
    saveUninitialized: true,
    ...options,
  })
  return (req, res) =>
    handle(req as never, res as never, () => {
      const { session: mine } = req as any
      if (req.method === 'POST') mine.userId = 'ada'
      res.end('hello')
    })
}

/** An application that writes its cookie by hand. */
const raw =
  (...lines: string[]): Listener =>
  (_req, res) => {
    res.setHeader(
      'Set-Cookie',
      lines.map((line) => `connect.sid=s%3Aone.two; ${line}`),
    )
    res.end()
  }
const named =
  (line: string): Listener =>
  (_req, res) => {
    res.setHeader('Set-Cookie', line)
    res.end()
  }

interface Case {
  title: string
  /** What the doctor has to find first; nothing: all is well. */
  finds?: string
  /** What its advice has to name. */
  advice?: RegExp
  apps: Listener[]
  /** nginx in front, over TLS; `UPSTREAM` is the application. */
  nginx?: string
  plainNginx?: boolean
  path?: string
  flags?: string[]
}

const PROTO = 'proxy_set_header X-Forwarded-Proto $scheme;'
const through = (more = '', where = '/') => `location ${where} { proxy_pass http://UPSTREAM; ${more} }`
const SECURE = { cookie: { secure: true } }
const login = ['--login', '/login', '--field', 'user=ada', '--field', 'password=env:HOME']

const CASES: Case[] = [
  { title: 'all is well', apps: [app({ proxy: true, ...SECURE })], nginx: through(PROTO) },
  { title: 'all is well behind a login form', apps: [app({ saveUninitialized: false })], flags: login },
  {
    title: 'secure, over plain http',
    finds: 'secure-withheld',
    advice: /by https/,
    apps: [app({ proxy: true, ...SECURE })],
  },
  {
    title: 'secure behind a proxy that is not trusted',
    finds: 'no-cookie',
    advice: /trust proxy/,
    apps: [app(SECURE)],
    nginx: through(PROTO),
  },
  {
    title: 'a proxy that does not say https',
    finds: 'no-forwarded-proto',
    advice: /proxy_set_header X-Forwarded-Proto/,
    apps: [app({ proxy: true, ...SECURE })],
    nginx: through(),
  },
  {
    title: 'Secure on a plain site whose proxy says https',
    finds: 'secure-over-http',
    apps: [app({ proxy: true, ...SECURE })],
    nginx: through('proxy_set_header X-Forwarded-Proto https;'),
    plainNginx: true,
  },
  {
    title: 'SameSite=None without Secure',
    finds: 'none-without-secure',
    advice: /secure: true/,
    apps: [app({ cookie: { sameSite: 'none', secure: false } })],
  },
  {
    title: 'Partitioned without Secure',
    finds: 'partitioned-without-secure',
    apps: [raw('Path=/; Partitioned')],
  },
  {
    title: 'the Domain of another host',
    finds: 'domain-mismatch',
    advice: /proxy_cookie_domain my\.app/,
    apps: [app({ cookie: { domain: 'my.app' } })],
    nginx: through(),
  },
  {
    title: 'the Domain of a public suffix',
    finds: 'domain-public',
    apps: [app({ cookie: { domain: 'github.io' } })],
  },
  {
    title: 'a Path rewritten by the proxy',
    finds: 'path-mismatch',
    advice: /proxy_cookie_path/,
    apps: [app()],
    nginx: through('proxy_cookie_path / /admin;'),
  },
  {
    title: 'a path that the proxy cuts off',
    finds: 'no-cookie',
    advice: /cookie\.path/,
    apps: [app({ cookie: { path: '/shop' } })],
    nginx: 'location /shop/ { proxy_pass http://UPSTREAM/; }',
    path: '/shop/',
  },
  {
    title: '__Host- with a Domain',
    finds: 'host-prefix',
    apps: [named('__Host-sid=1; Secure; Path=/; Domain=localhost')],
    nginx: through(),
  },
  {
    title: '__Secure- without Secure',
    finds: 'secure-prefix',
    apps: [named('__Secure-sid=1; Path=/')],
    nginx: through(),
    flags: ['--cookie', '__Secure-sid'],
  },
  {
    title: 'a cookie that is too large',
    finds: 'too-large',
    apps: [named(`connect.sid=${'x'.repeat(4096)}; Path=/`)],
  },
  {
    title: 'two cookies of one name',
    finds: 'several',
    advice: /name of its own/,
    apps: [raw('Path=/', 'Path=/shop')],
    path: '/shop',
  },
  {
    title: 'a secret that changes with each request',
    finds: 'not-recognised',
    advice: /fixed secret/,
    apps: [(req, res) => app({ secret: `a secret made at start ${Math.random()}` })(req, res)],
  },
  {
    title: 'a proxy that keeps cookies from the application',
    finds: 'not-recognised',
    advice: /proxy_set_header Cookie/,
    apps: [app()],
    nginx: through('proxy_set_header Cookie "";'),
  },
  {
    title: 'processes that share no store',
    finds: 'sometimes-recognised',
    advice: /one store that they share/,
    apps: [app(), app()],
  },
  {
    title: 'a cache in front',
    finds: 'shared',
    advice: /proxy_ignore_headers/,
    apps: [app({ cacheControl: false } as never)],
    nginx: through(
      'proxy_cache pages; proxy_cache_valid 1m; proxy_ignore_headers Set-Cookie Cache-Control; ',
    ),
  },
  {
    title: 'maxAge in seconds',
    finds: 'short-lived',
    advice: /milliseconds/,
    apps: [app({ cookie: { maxAge: 3600 } })],
  },
  {
    title: 'a server whose clock is behind',
    finds: 'expired',
    apps: [raw(`Path=/; Expires=${new Date(Date.now() - 7_200_000).toUTCString()}`)],
  },
  {
    title: 'a redirect to another host',
    finds: 'other-host',
    apps: [app()],
    nginx:
      'location / { proxy_pass http://UPSTREAM; proxy_intercept_errors off; } location = /start { add_header Set-Cookie "connect.sid=s%3Aa.b; Path=/" always; return 302 https://127.0.0.1:$server_port/; }',
    path: '/start',
  },
  {
    title: 'https that redirects to http',
    finds: 'back-to-http',
    apps: [app({ saveUninitialized: false })],
    nginx:
      'location / { add_header Set-Cookie "connect.sid=s%3Aa.b; Path=/; Secure" always; return 302 http://localhost:UPPORT/; }',
  },
  {
    title: 'a redirect for ever',
    finds: 'redirect-loop',
    advice: /X-Forwarded-Proto/,
    apps: [app()],
    nginx: 'location / { return 301 https://localhost:$server_port/; }',
  },
  {
    title: 'a page of another site',
    finds: 'cross-site',
    advice: /sameSite: "none"/,
    apps: [app({ cookie: { sameSite: 'lax' } })],
    flags: ['--from', 'https://other.example'],
  },
]

describe('sojourn doctor', { skip: withoutNginx() }, () => {
  let nginx: NginxServer
  const urls = new Map<Case, string>()
  const ended: Array<() => unknown> = []
  before(async () => {
    const owner = { after: (work: () => unknown) => void ended.push(work) }
    const fronted: Case[] = []
    const servers: Array<{ tls: boolean; lines: string }> = []
    for (const one of CASES) {
      let turn = 0
      const listener: Listener = (req, res) => one.apps[Math.floor(turn++ / 3) % one.apps.length]?.(req, res)
      const { origin } = await serve(owner as never, listener)
      urls.set(one, origin.replace('127.0.0.1', 'localhost'))
      if (!one.nginx) continue
      fronted.push(one)
      servers.push({
        tls: !one.plainNginx,
        lines: one.nginx
          .replaceAll('UPSTREAM', origin.slice('http://'.length))
          .replaceAll('UPPORT', new URL(origin).port),
      })
    }
    nginx = await startNginx(servers)
    fronted.forEach((one, i) => {
      urls.set(one, `${one.plainNginx ? 'http' : 'https'}://localhost:${nginx.ports[i]}`)
    })
  })
  after(async () => {
    await nginx?.stop()
    for (const end of ended) await end()
  })

  for (const one of CASES) {
    test(`${one.finds ? 'finds' : 'sees that'} ${one.title}`, async () => {
      const url = `${urls.get(one)}${one.path ?? '/'}`
      const { code, out, err } = await sojourn(['doctor', url, '--insecure', '--json', ...(one.flags ?? [])])
      assert.equal(err, '')
      const findings = JSON.parse(out)
      assert.deepEqual([findings[0]?.code, code], [one.finds, one.finds ? 1 : 0], out)
      if (one.advice) assert.match(findings[0].fix, one.advice)
    })
  }

  test('says in words what is wrong, and how to have a certificate accepted', async () => {
    const [fine] = CASES
    const told = await sojourn(['doctor', `${urls.get(fine as Case)}/`])
    assert.equal(told.code, 3)
    assert.match(told.err, /^sojourn: cannot open https:\/\/localhost.*--insecure.*NODE_EXTRA_CA_CERTS/)
    const http = CASES.find(({ finds }) => finds === 'none-without-secure') as Case
    const { out } = await sojourn(['doctor', urls.get(http) as string])
    assert.match(
      out,
      /^none-without-secure: SameSite=None without Secure\n {2}rule: RFC 6265bis, section .*\n {2}change: /,
    )
  })
})

test('a Set-Cookie line is judged as a browser does', () => {
  const judge = (line: string, url = 'https://shop.my.app/cart/pay') => {
    const { cookie, faults } = judgeSetCookie(line, new URL(url), 0)
    return { ...cookie, codes: faults.map(({ code }) => code) }
  }
  assert.equal(judge('a=1').path, '/cart')
  assert.deepEqual(judge('a=1; Domain=.my.app; Path=/; Max-Age=3600').codes, [])
  assert.equal(judge('a=1; Domain=.my.app').domain, 'my.app')
  assert.deepEqual(judge('a=1; Domain=y.app').codes, ['domain-mismatch'])
  assert.deepEqual(judge('a=1; Domain=app').codes, ['domain-public'])
  assert.deepEqual(judge('a=1; Domain=0.0.1', 'https://127.0.0.1/').codes, ['domain-mismatch'])
  assert.deepEqual(judge('__Host-a=1; Secure; Path=/').codes, [])
  assert.deepEqual(judge('__host-a=1; Secure').codes, ['host-prefix'])
  assert.deepEqual(judge('a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT').codes, [])
  assert.equal(judge('a=1; SameSite=nonsense').sameSite, undefined)
  assert.deepEqual(judge(`${'a'.repeat(96)}=${'b'.repeat(4000)}`).codes, [])
  assert.deepEqual(judge(`${'a'.repeat(97)}=${'b'.repeat(4000)}`).codes, ['too-large'])
})
