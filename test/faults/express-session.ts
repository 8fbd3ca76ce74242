import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { appOf, express4, type Handler, type Owner, routes, serve } from '../support/app'
import { oddStores } from '../support/odd-stores'
import { BASE_OPTIONS, gate, inTime, serveWith, showData as show } from '../support/session-app'
import type { FaultCase } from './case'

const login: Handler = (req, res) => {
  req.session.user = 'ann'
  res.end('in')
}

/**
 * The faults of express-session, each as a visitor or an application meets it. The same cases run on
 * express-session and on this package: `npm run compare` prints the two side by side.
 */
export const CASES: readonly FaultCase[] = [
  {
    number: 1,
    title: 'a redirect arrives only when the session is saved',
    async run(kit, owner) {
      const store = new (oddStores(kit.session.Store).SlowStore)({})
      const app = routes({
        '/login': (req, res) => {
          req.session.user = 'ann'
          res.redirect('/')
        },
        '/': show,
      })
      const client = (await serveWith(kit, owner, { store }, app)).client()
      store.hold('set')
      // A browser follows a redirect as soon as it has the headers.
      let early = false
      const redirected = once(client.start('/login'), 'response').finally(() => {
        early = true
      })
      // What was sent when `set` was called is here before the answers to what is asked afterwards.
      const other = client.twin()
      for (let asked = 0; asked < 5 || store.waiting('set') === 0; asked++) await other.get('/')
      other.stop()
      if (!early) store.release('set')
      const [response] = await redirected
      assert.equal(response.statusCode, 302)
      response.resume()
      const { body } = await client.get('/')
      store.release('set')
      assert.equal(body, '{"user":"ann"}', 'the page after the login knows no user')
    },
  },
  {
    number: 2,
    title: 'a session that could not be saved is an error page, not a success',
    async run(kit, owner) {
      const store = new (oddStores(kit.session.Store).FailingStore)('set')
      const client = (await serveWith(kit, owner, { store }, login)).client()
      const { status } = await client.get('/')
      assert.equal(status, 500, `the client is told ${status}`)
    },
  },
  {
    number: 3,
    title: '50 parallel requests change 50 keys, and none is lost',
    async run(kit, owner) {
      const { PlainStore, NoTouchStore } = oddStores(kit.session.Store)
      for (const store of [undefined, new PlainStore(), new NoTouchStore()]) {
        let arrived = 0
        const all = gate()
        const app = routes({
          '/login': login,
          '/add': async (req, res) => {
            if (++arrived === 50) all.open()
            await all.opened
            req.session[req.url.split('?')[1]] = 1
            res.end()
          },
          '/': show,
        })
        const client = (await serveWith(kit, owner, { store }, app)).client()
        await client.get('/login')
        await Promise.all(Array.from({ length: 50 }, (_, i) => client.get(`/add?key${i}`)))
        const { user: _, ...added } = JSON.parse((await client.get('/')).body)
        const kept = Object.keys(added).length
        assert.equal(kept, 50, `${kept} of 50 are left`)
      }
    },
  },
  {
    number: 4,
    title: 'a request that was under way cannot bring back a session after logout',
    async run(kit, owner) {
      for (const store of [undefined, new (oddStores(kit.session.Store).PlainStore)()]) {
        const started = gate()
        const finish = gate()
        const app = routes({
          '/login': login,
          '/slow': async (req, res) => {
            started.open()
            await finish.opened
            req.session.seen = true
            res.end()
          },
          '/logout': (req, res) => req.session.destroy(() => res.end()),
          '/': show,
        })
        const client = (await serveWith(kit, owner, { store }, app)).client()
        await client.get('/login')
        const stolen = `connect.sid=${client.cookie()}`
        const slow = client.get('/slow')
        await started.opened
        await client.get('/logout')
        finish.open()
        await slow
        assert.equal((await client.get('/', { cookie: stolen })).body, '{}', 'the session is back')
      }
    },
  },
  {
    number: 5,
    title: 'regenerate(), destroy() and reload() work without a callback',
    async run(kit, owner) {
      const call =
        (verb: string): Handler =>
        async (req, res) => {
          await req.session[verb]()
          res.end(verb)
        }
      const app = routes({
        '/login': login,
        '/reload': call('reload'),
        '/regenerate': call('regenerate'),
        '/destroy': call('destroy'),
      })
      const client = (await serveWith(kit, owner, {}, app)).client()
      await client.get('/login')
      for (const verb of ['reload', 'regenerate', 'destroy']) {
        assert.equal((await inTime(client.get(`/${verb}`))).body, verb)
      }
    },
  },
  {
    number: 6,
    title: "cookie: fn may return secure: 'auto' and sameSite: 'auto'",
    async run(kit, owner) {
      const options = { proxy: true, cookie: () => ({ secure: 'auto', sameSite: 'auto' }) }
      const forwarded = { headers: { 'x-forwarded-proto': 'https' } }
      for (const [where, https, sent, expected] of [
        ['http', false, {}, /; SameSite=Lax$/],
        ['https', true, {}, /; Secure; SameSite=None$/],
        ['behind a proxy', false, forwarded, /; Secure; SameSite=None$/],
      ] as const) {
        const client = (await serveWith(kit, owner, options, login, { https })).client()
        const [line = 'no cookie'] = (await client.get('/', sent)).setCookies
        assert.match(line, expected, `${where}: ${line}`)
      }
    },
  },
  {
    number: 7,
    title: 'two middlewares on one store keep their own ids and cookie options',
    async run(kit, owner) {
      const store = new kit.session.MemoryStore()
      const own = (name: string): Handler =>
        kit.session({ ...BASE_OPTIONS, store, name, genid: () => `${name}-1`, cookie: { path: `/${name}` } })
      const listener = express4()
        .use('/shop', own('shop') as never, login as never)
        .use('/blog', own('blog') as never, login as never)
      const client = (await serve(owner, listener)).client()
      for (const name of ['shop', 'blog']) {
        const [line = 'no cookie'] = (await client.get(`/${name}/`)).setCookies
        assert.ok(line.startsWith(`${name}=s%3A${name}-1.`), `${name} got ${line.split('.', 1)[0]}`)
        assert.match(line, new RegExp(`; Path=/${name};`))
      }
    },
  },
  {
    number: 8,
    title: '11 middlewares on one store cause no listener-leak warning',
    async run(kit, owner) {
      const warnings: string[] = []
      const listener = (warning: Error) => warnings.push(warning.name)
      process.on('warning', listener)
      owner.after(() => process.off('warning', listener))
      const store = new (oddStores(kit.session.Store).PlainStore)()
      for (let i = 0; i < 11; i++) kit.session({ ...BASE_OPTIONS, store })
      await new Promise((resolve) => setImmediate(resolve))
      assert.ok(!warnings.includes('MaxListenersExceededWarning'), 'MaxListenersExceededWarning')
    },
  },
  {
    number: 9,
    title: 'sessions work over HTTP/2',
    async run(kit, owner) {
      for (const kind of ['node:http', 'connect'] as const) {
        const listener = appOf(kind, [kit.session(BASE_OPTIONS), login]) as never
        const server = http2.createServer(listener).listen(0, '127.0.0.1')
        await once(server, 'listening')
        const session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
        owner.after(() => {
          session.destroy()
          server.close()
        })
        const [headers] = await inTime(once(session.request({ ':path': '/' }).end(), 'response'))
        assert.equal(headers[':status'], 200)
        assert.match(String(headers['set-cookie']), /^connect\.sid=/)
      }
    },
  },
  {
    number: 10,
    title: 'end takes its callback in every form and returns the response',
    async run(kit, owner) {
      for (const args of [[], ['body'], ['body', 'utf8']]) {
        const called = gate()
        const returned: boolean[] = []
        const client = (
          await serveWith(kit, owner, {}, (req, res) => {
            req.session.n = 1
            returned.push(res.end(...args, called.open) === res)
          })
        ).client()
        assert.equal((await inTime(client.get('/'))).body, args[0] ?? '')
        await inTime(called.opened)
        assert.deepEqual(returned, [true], 'end returned something else')
      }
    },
  },
  {
    number: 11,
    title: 'a bad cookie of the same name does not hide the good one',
    async run(kit, owner) {
      const client = (await serveWith(kit, owner, {}, routes({ '/login': login, '/': show }))).client()
      await client.get('/login')
      const good = `connect.sid=${client.cookie()}`
      for (const bad of ['connect.sid=s%3Aother.signature', 'connect.sid=unsigned', 'connect.sid=']) {
        for (const cookie of [`${good}; ${bad}`, `${bad}; ${good}`, `${bad}; a=b; ${bad}; ${good}`]) {
          const { body } = await client.get('/', { cookie })
          assert.equal(body, '{"user":"ann"}', `not logged in with a bad cookie beside`)
        }
      }
    },
  },
  {
    number: 12,
    title: 'server-sent events: the session is saved though the client leaves first',
    async run(kit, owner) {
      const closed = gate()
      const app = routes({
        '/events': (req, res) => {
          req.session.user = 'ann'
          res.writeHead(200, { 'Content-Type': 'text/event-stream' })
          res.write('data: 1\n\n')
          res.on('close', closed.open)
        },
        '/': show,
      })
      const client = (await serveWith(kit, owner, {}, app)).client()
      const request = client.start('/events')
      const [response] = await once(request, 'response')
      await once(response, 'data')
      request.on('error', () => {}).destroy()
      await closed.opened
      assert.ok(client.cookie(), 'no cookie')
      assert.equal((await client.get('/')).body, '{"user":"ann"}', 'the cookie names a session never saved')
    },
  },
  {
    number: 13,
    title: 'a cookie for the path /adm is not for /admiral',
    async run(kit, owner) {
      const has: Handler = (req, res) => res.end(String(Boolean(req.session)))
      const client = (await serveWith(kit, owner, { cookie: { path: '/adm' } }, has)).client()
      const mounted = express4()
      mounted.use('/adm', kit.session({ ...BASE_OPTIONS, cookie: { path: '/adm' } }), has as never)
      mounted.use(has as never)
      const second = (await serve(owner, mounted)).client()
      for (const [path, expected] of [
        ['/adm', 'true'],
        ['/adm/', 'true'],
        ['/adm/x', 'true'],
        ['/adm?x', 'true'],
        ['/', 'false'],
        ['/admiral', 'false'],
      ] as const) {
        for (const one of [client, second]) {
          const { body } = await one.get(path)
          assert.equal(body, expected, `a session for ${path}: ${body}`)
        }
      }
    },
  },
  {
    number: 14,
    title: 'a session that was ended takes its cookie out of the browser',
    async run(kit, owner) {
      const app = routes({
        '/login': login,
        '/destroy': (req, res) => req.session.destroy(() => res.end()),
        '/unset': (req, res) => {
          req.session = null
          res.end()
        },
      })
      const options = { unset: 'destroy', cookie: { path: '/', sameSite: 'lax', maxAge: 60_000 } }
      for (const path of ['/destroy', '/unset']) {
        const client = (await serveWith(kit, owner, options, app)).client()
        await client.get('/login')
        assert.ok(client.cookie())
        const { setCookies } = await client.get(path)
        assert.equal(client.cookie(), undefined, 'the browser keeps the cookie')
        assert.match(setCookies[0] ?? '', /; Path=\/; .*HttpOnly; SameSite=Lax/)
      }
    },
  },
  {
    number: 15,
    title: 'a changed maxAge or sameSite reaches the sessions that exist',
    async run(kit, owner) {
      const store = new kit.session.MemoryStore()
      const before = { store, rolling: true, cookie: { maxAge: 60_000 } }
      const after = { store, rolling: true, cookie: { maxAge: 3_600_000, sameSite: 'strict' } }
      const client = (await serveWith(kit, owner, before, login)).client()
      await client.get('/')
      const restarted = (await serveWith(kit, owner, after, show)).client()
      const answer = await restarted.get('/', { cookie: `connect.sid=${client.cookie()}` })
      assert.equal(answer.body, '{"user":"ann"}')
      const [line = 'no cookie'] = answer.setCookies
      assert.match(line, /; SameSite=Strict$/, 'sameSite is the old one')
      const lifeMs = Date.parse(/Expires=([^;]+)/.exec(line)?.[1] ?? '') - Date.now()
      assert.ok(lifeMs > 3_500_000, 'maxAge is the old one')
    },
  },
  {
    number: 16,
    title: 'data that are no JSON are an error that names the key, before the headers leave',
    async run(kit, owner) {
      const circle: Record<string, unknown> = {}
      circle['self'] = circle
      for (const value of [1n, circle]) {
        const client = (
          await serveWith(kit, owner, {}, (req, res) => {
            req.session.fine = 1
            req.session.cart = value
            res.end('done')
          })
        ).client()
        const { status, body } = await inTime(client.get('/'))
        assert.equal(status, 500)
        assert.match(body, /cart/)
      }
    },
  },
  {
    number: 17,
    title: 'a broken record means a new session, not an error for ever',
    async run(kit, owner) {
      const store = new (oddStores(kit.session.Store).PlainStore)()
      const app = routes({ '/login': login, '/': show })
      const client = (await serveWith(kit, owner, { store }, app)).client()
      await client.get('/login')
      for (const broken of ['{"user":"ann"}', '{"cookie":null}', '[]', '"text"']) {
        for (const sid of [...store.rows.keys()]) store.rows.set(sid, broken)
        const answer = await client.get('/')
        assert.equal(answer.status, 200, `status ${answer.status} for the record ${broken}`)
        assert.equal(answer.body, '{}')
      }
    },
  },
  {
    number: 18,
    title: 'no name of a key is lost, and none breaks the response',
    async run(kit, owner) {
      const names = ['toString', 'constructor', 'hasOwnProperty', 'valueOf']
      const app = routes({
        '/login': (req, res) => {
          for (const name of names) req.session[name] = name
          res.end()
        },
        '/touch': (req, res) => {
          req.session.touch = 'a word'
          res.end('answered')
        },
        '/': show,
      })
      const client = (await serveWith(kit, owner, {}, app)).client()
      await client.get('/login')
      const kept = Object.keys(JSON.parse((await client.get('/')).body))
      assert.deepEqual(kept, names, `of the keys ${names.join(', ')} these are left: ${kept.join(', ')}`)
      assert.equal((await inTime(client.get('/touch'))).body, 'answered')
    },
  },
  {
    number: 19,
    title: 'login (regenerate, then save) writes the new session once',
    async run(kit, owner) {
      const store = new (oddStores(kit.session.Store).PlainStore)()
      const app: Handler = (req, res) => {
        req.session.regenerate(() => {
          req.session.user = 'ann'
          req.session.save(() => res.end())
        })
      }
      const client = (await serveWith(kit, owner, { store }, app)).client()
      await client.get('/')
      assert.equal(store.count('set'), 1, `${store.count('set')} writes`)
    },
  },
  {
    number: 20,
    title: 'a read-only request turns the session into JSON at most once',
    async run(kit, owner) {
      const app = routes({
        '/login': (req, res) => {
          req.session.user = 'a marker'
          res.end()
        },
        '/': (req, res) => res.end(String(req.session.user)),
      })
      const store = new kit.session.MemoryStore()
      const client = (await serveWith(kit, owner, { store }, app)).client()
      await client.get('/login')
      const { stringify } = JSON
      let times = 0
      JSON.stringify = (...args: any[]) => {
        const text = (stringify as (...args: any[]) => string)(...args)
        if (text?.includes('a marker')) times++
        return text
      }
      try {
        assert.equal((await client.get('/')).body, 'a marker')
      } finally {
        JSON.stringify = stringify
      }
      assert.ok(times <= 1, `${times} times`)
    },
  },
  {
    number: 21,
    title: 'a store that never answers is an error in time, not a hanging request',
    async run(kit, owner) {
      const store = new (oddStores(kit.session.Store).HangingStore)()
      const app = routes({ '/login': login, '/': show })
      const client = (await serveWith(kit, owner, { store, storeTimeout: 50 }, app)).client()
      await client.get('/login')
      store.hanging.add('get')
      const { status, body } = await inTime(client.get('/'))
      assert.equal(status, 500)
      assert.match(body, /ERR_SESSION_STORE_TIMEOUT/)
      store.hanging.clear()
      assert.equal((await inTime(client.get('/'))).body, '{"user":"ann"}')
    },
  },
  {
    number: 22,
    title: 'the examples of the README use no name that they do not have',
    async run(kit, owner) {
      const readme =
        kit.name === 'sojourn'
          ? join(__dirname, '../../README.md')
          : join(require.resolve('express-session'), '../README.md')
      const unknown = await unknownNames(owner, readme)
      assert.equal(unknown.length, 0, `a login example says: ${unknown.join(', ')}`)
    },
  },
]

/** Names that the whole programs of a manual use and never declare, found by the compiler. */
async function unknownNames(owner: Owner, readme: string): Promise<string[]> {
  if (!existsSync(readme)) return []
  const blocks = readFileSync(readme, 'utf8').matchAll(
    /^```(?:js|ts|javascript|typescript)\n([\s\S]*?)^```/gm,
  )
  const programs = [...blocks].map(([, code = '']) => code).filter((code) => /require\(|^import /m.test(code))
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-readme-'))
  owner.after(() => rmSync(folder, { recursive: true, force: true }))
  programs.forEach((code, i) => {
    writeFileSync(join(folder, `block${i}.ts`), code)
  })
  const modules = join(__dirname, '../../node_modules')
  const compilerOptions = {
    ...{ target: 'es2022', module: 'node16', moduleDetection: 'force', noResolve: true, strict: false },
    ...{ noEmit: true, skipLibCheck: true, typeRoots: [join(modules, '@types')], types: ['node'] },
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
  const output = await new Promise<string>((resolve) => {
    execFile(join(modules, '.bin/tsc'), ['-p', folder, '--pretty', 'false'], (_error, stdout) =>
      resolve(stdout),
    )
  })
  return [...new Set([...output.matchAll(/error TS(?:2304|2552): (.*)$/gm)].map(([, words = '']) => words))]
}
