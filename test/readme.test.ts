/** What README shows is true: its programs run, its commands and places exist. */
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import express from 'express'
import { parseStorageArguments } from '../lib/storage/bin-arguments'
import { type Owner, serve } from './support/app'
import { BoundBrowser } from './support/bound-app'
import type { Client } from './support/client'
import { MapBackend } from './support/map-backend'

require('./support/own-package.cjs')

const ROOT = join(__dirname, '..')
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
const session = require('../lib')

const blocks = [...readme.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language = '', text = '']) => ({
  language,
  text,
}))
const programs = blocks.filter(({ language }) => language === 'js' || language === 'ts')
const seen = new Set<string>()

/** The one program that has this in it. */
function program(mark: string): string {
  const found = programs.filter(({ text }) => text.includes(mark))
  assert.equal(found.length, 1, `programs in README with ${mark}`)
  const { text = '' } = found[0] ?? {}
  seen.add(text)
  return text
}

/** What programs take from the ones before them. */
interface Given {
  app?: express.Express
  findUser?(name: string, password: string): unknown
}

/** Runs a program. @returns what it declared under these names */
function run(text: string, names: string[], { app, findUser }: Given = {}): any {
  const body = text.replace(/^app\.listen\(3000\)$|^client\.connect\(\).*$/gm, '')
  const given = ['require', 'express', 'session', 'app', 'findUser']
  const work = new Function(...given, `{ ${body}; return { ${names.join(', ')} } }`)
  return work(createRequire(join(ROOT, 'package.json')), express, session, app, findUser)
}

/** An application that has got as far as the programs which go on with it. */
function begun(options: object = {}): express.Express {
  const app = express()
  app.use(session({ secret: 'keyboard cat', resave: false, saveUninitialized: false, ...options }))
  return app
}

async function visitor(t: Owner, app: express.Express): Promise<Client> {
  return (await serve(t, app)).client()
}

describe('the programs of README', () => {
  const home = process.cwd()
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-readme-'))
  before(() => process.chdir(folder))
  after(() => {
    process.chdir(home)
    rmSync(folder, { recursive: true, force: true })
  })

  test('against theft binds a session to the device', async (t) => {
    const { app } = run(program('deviceBound: true'), ['app'])
    const browser = new BoundBrowser((await serve(t, app, { https: true })).client())
    await browser.login('/sign-in', 'POST')
    assert.equal((await browser.register()).status, 200)
    assert.equal((await browser.client.get('/')).body, 'Hello ann')
  })

  test('against theft asks for a fresh proof of the user', async (t) => {
    const { shop } = run(program('requireFresh'), ['shop'])
    const client = (await serve(t, shop, { https: true })).client()
    assert.equal((await client.post('/pay')).status, 401)
    await client.post('/password')
    assert.equal((await client.post('/pay')).body, 'Paid')
  })

  test('quick start counts visits', async (t) => {
    const client = await visitor(t, run(program('You were here'), ['app']).app)
    await client.get('/')
    assert.equal((await client.get('/')).body, 'You were here 2 times')
  })

  test('login and logout', async (t) => {
    const app = begun()
    const findUser = (name: string, password: string) => name === 'ann' && password === 'x' && { id: 7 }
    run(program("app.post('/login'"), [], { app, findUser })
    app.get('/', (req: any, res) => {
      res.json({ user: req.session.userId })
    })
    const client = await visitor(t, app)
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    assert.equal((await client.post('/login', 'name=ann&password=y', { headers })).status, 401)
    assert.equal((await client.post('/login', 'name=ann&password=x', { headers })).status, 302)
    assert.equal((await client.get('/')).body, '{"user":7}')
    await client.post('/logout')
    assert.equal((await client.get('/')).body, '{}')
  })

  test('a session stays for thirty days', async (t) => {
    const app = begun()
    run(program('/remember'), [], { app })
    app.get('/login', (req: any, res) => {
      req.session.user = 'ann'
      res.end()
    })
    const client = await visitor(t, app)
    assert.doesNotMatch((await client.get('/login')).setCookies.join(), /Expires/)
    const [line = ''] = (await client.get('/remember')).setCookies
    const days = (Date.parse(/Expires=([^;]+)/.exec(line)?.[1] ?? '') - Date.now()) / 86_400_000
    assert.ok(Math.abs(days - 30) < 0.01, line)
  })

  test('update spends one at a time', async (t) => {
    const app = begun()
    run(program('/spend'), [], { app })
    const client = await visitor(t, app)
    await client.post('/spend')
    const answers = await Promise.all([1, 2, 3].map(() => client.post('/spend')))
    assert.deepEqual(answers.map(({ body }) => body).sort(), ['96 left', '97 left', '98 left'])
  })

  test('listeners of events', () => {
    const { sessions } = run(program("'interrupted', (event)"), ['sessions'])
    assert.deepEqual(sessions.events.eventNames(), ['interrupted', 'storeError'])
  })

  test('log out everywhere else', async (t) => {
    const app = express()
    let middleware: express.RequestHandler = (_req, _res, next) => next()
    app.use((req, res, next) => middleware(req, res, next))
    app.get('/login', (req: any, res) => {
      req.session.userId = 7
      res.end()
    })
    const { store } = run(program('/logout-everywhere-else'), ['store'], { app })
    t.after(() => store.close())
    middleware = session({ secret: 'x', resave: false, saveUninitialized: false, store })
    const served = await serve(t, app)
    const [here, there] = [served.client(), served.client()]
    await here.get('/login')
    await there.get('/login')
    assert.equal((await here.post('/logout-everywhere-else')).body, '1 other sessions ended')
  })

  test('a socket is closed when its session ends', async (t) => {
    const { watched, logOutWith } = run(program('logOutWith'), ['watched', 'logOutWith'])
    t.after(() => watched.close())
    await watched.set('id', { cookie: {}, userId: 7 })
    const socket = new EventEmitter() as EventEmitter & { close(code: number, reason: string): void }
    const closed = new Promise((resolve) => {
      socket.close = (...why) => resolve(why)
    })
    await logOutWith(socket, 'id')
    await watched.revokeOwner(7)
    assert.deepEqual(await closed, [4401, 'revoked'])
    socket.emit('close')
  })

  test('stores are made', async () => {
    const { sealed } = run(program('SEAL_KEY'), ['sealed'])
    const { onDisk } = run(program('onDisk'), ['onDisk'])
    const { inPostgres } = run(program('inPostgres'), ['inPostgres'])
    const { inRedis } = run(program('inRedis'), ['inRedis'])
    const { old, next } = run(program('migrateFrom: old'), ['old', 'next'])
    const inTheTable = run(program('inTheTable'), ['inTheTable']).inTheTable(new MapBackend())
    for (const store of [sealed, onDisk, inRedis, inPostgres, old, next, inTheTable]) {
      assert.ok(store instanceof session.Store)
      await store.close()
    }
  })

  test('the engine counts views', async (t) => {
    const client = await visitor(t, run(program('new SessionEngine'), ['app']).app)
    await client.get('/')
    assert.equal((await client.get('/')).body, '2 views')
  })

  test('the storage server starts and ends', async () => {
    const { storage } = run(program('new SessionStorage('), ['storage'])
    await storage.listen(0).catch(() => {})
    await storage.close()
  })

  test('the middleware of the storage server lets requests through', async (t) => {
    const { app } = run(program('Session.getMiddleware'), ['app'])
    app.get('/', (req: any, res: any) => res.json({ has: req.session !== undefined }))
    assert.equal((await (await visitor(t, app)).get('/')).body, '{"has":true}')
  })

  test('are all run here', () => {
    const left = programs.filter(({ text }) => !seen.has(text)).map(({ text }) => text)
    assert.deepEqual(left, [])
  })
})

// Registers the suite itself, so that it is run as every other.
run(program('testStore('), [])

describe('README', () => {
  test('names scripts, programs and options of the command line that exist', () => {
    for (const [, script = ''] of readme.matchAll(/npm run ([\w:]+)/g)) {
      assert.ok(script in manifest.scripts, script)
    }
    for (const { text } of blocks.filter(({ language }) => language === 'sh')) {
      for (const line of text.trim().split('\n')) {
        const [tool, verb = '', ...rest] = line.replace(/ +#.*/, '').split(/\s+/)
        if (tool === 'npx') {
          assert.ok(verb in manifest.bin, line)
          assert.doesNotThrow(() => parseStorageArguments(rest), line)
        } else {
          assert.equal(tool, 'npm', line)
          if (verb === 'install') assert.match(rest.join(' '), /\bsojourn\b/)
          else assert.ok(verb === 'run' || verb in manifest.scripts, line)
        }
      }
    }
  })

  test('links to places that exist', () => {
    const anchors = new Set(
      [...readme.matchAll(/^#+ (.+)$/gm)].map(
        ([, title = '']) =>
          `#${title
            .toLowerCase()
            .replace(/[^\w\- ]/g, '')
            .replaceAll(' ', '-')}`,
      ),
    )
    for (const [, target = ''] of readme.matchAll(/\]\(([^)]+)\)/g)) {
      if (target.startsWith('https://')) continue
      if (target.startsWith('#')) assert.ok(anchors.has(target), target)
      else assert.ok(existsSync(join(ROOT, target.replace(/#.*/, ''))), target)
    }
  })

  test('names files in backquotes that exist', () => {
    for (const [, path = ''] of readme.matchAll(/`((?:test|examples|bench|lib)\/[\w./-]+)`/g)) {
      assert.ok(existsSync(join(ROOT, path)), path)
    }
  })
})
