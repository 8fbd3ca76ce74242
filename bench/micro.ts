/** `npm run bench:micro`: each core function by itself, in nanoseconds a call (best of several rounds). */

import { MemoryBackend } from '../lib/backend/memory/backend'
import { fingerprint, generateId, isUsableId } from '../lib/base/ids'
import { CookieTemplate, cookieValues, setCookieLine } from '../lib/cookie/header'
import { pathMatches, pathOf } from '../lib/cookie/path-match'
import { CookieBase } from '../lib/cookie/settings'
import { Signer } from '../lib/cookie/signature'
import { decideCookie, decideSave } from '../lib/exchange/decide'
import { applyDelta, deltaBetween } from '../lib/record/delta'
import { deadlineAt, worthMoving } from '../lib/record/expiry'
import { type Data, dataText, dataTextOf, joinRecord, parseRecord } from '../lib/record/text'
import { Cookie } from '../lib/session/cookie'
import { readOptions } from '../lib/session/policy'
import { isSecure, requestIds } from '../lib/session/request'
import { Session } from '../lib/session/session'

const ROUNDS = 7
const ROUND_MS = 60

function time(name: string, work: () => unknown): void {
  let best = Number.POSITIVE_INFINITY
  let calls = 64
  for (let round = 0; round < ROUNDS; round++) {
    const started = process.hrtime.bigint()
    for (let i = 0; i < calls; i++) sink = work()
    const ns = Number(process.hrtime.bigint() - started)
    if (round > 0) best = Math.min(best, ns / calls)
    calls = Math.max(64, Math.ceil((calls * ROUND_MS * 1e6) / Math.max(ns, 1e4)))
  }
  console.log(`${name.padEnd(44)} ${best.toFixed(0).padStart(8)} ns`)
}
let sink: unknown

const policy = readOptions({ secret: 's', resave: false, saveUninitialized: false })
const base = new CookieBase({ maxAge: 3_600_000 }, false)
const template = new CookieTemplate('connect.sid', base)
const signer = new Signer(['a secret of a sensible length'])
const id = generateId()
const raw = encodeURIComponent(signer.sign(id))
const header = `theme=dark; connect.sid=${raw}; lang=en`
const now = Date.now()
const req = { sessionID: id, headers: { cookie: header } }
const cookie = Cookie.fresh(base, now)
const session = new Session(req, { cookie, key0: 'x'.repeat(80), n: 1 })
const text = dataText(session)
const body = joinRecord(JSON.stringify(cookie), text)
const parsed = parseRecord(body) as Data & { cookie: Data }
const backend = new MemoryBackend()
backend.create('k', { body, expires: now + 1e9 })
const facts = { usableId: true, isNew: false, modified: false, dirty: false, savedHere: false }
const cookieFacts = {
  hasSession: true,
  usableId: true,
  cookieSent: true,
  browserHasId: true,
  modified: false,
  ended: false,
  cookieExpires: true,
  cookieSecure: false,
  requestSecure: false,
}
const other = dataText({ ...session, other: 1 })
const big = {
  cookie: parsed.cookie,
  ...Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`key${i}`, 'x'.repeat(90)])),
}
const bigText = dataText(big)
const bigBody = joinRecord(JSON.stringify(cookie), bigText)

time('cookieValues', () => cookieValues(header, 'connect.sid'))
time('Signer.open, remembered', () => signer.open(raw))
time('Signer.verify', () => signer.verify(decodeURIComponent(raw)))
time('Signer.sign', () => signer.sign(id))
time('requestIds', () => requestIds(req, 'connect.sid', signer, () => {}))
time('generateId', () => generateId())
time('isUsableId', () => isUsableId(id))
time('fingerprint', () => fingerprint(id))
time('parseRecord 0.1 kB', () => parseRecord(body))
time('dataTextOf 0.1 kB', () => dataTextOf(body, parsed))
time('dataText 0.1 kB', () => dataText(session))
time('joinRecord 0.1 kB', () => joinRecord('{}', text))
time('parseRecord 10 kB', () => parseRecord(bigBody))
time('dataTextOf 10 kB', () => dataTextOf(bigBody, big))
time('dataText 10 kB', () => dataText(big))
time('Cookie.restored', () => Cookie.restored(base, parsed.cookie))
time('Cookie.fresh', () => Cookie.fresh(base, now))
time('Cookie.settings', () => Cookie.settings(cookie))
time('JSON.stringify(cookie)', () => JSON.stringify(cookie))
time('Cookie.text', () => Cookie.text(cookie))
time('CookieTemplate.line', () => template.line(raw, cookie.expires))
time('Signer.seal, remembered', () => signer.seal(id))
time('new Session', () => new Session(req, parsed))
time('session.touch', () => session.touch())
time('setCookieLine', () => setCookieLine('connect.sid', 's:abc', cookie.data as object))
time('decideSave', () => decideSave(facts, policy))
time('decideCookie', () => decideCookie(cookieFacts, policy))
time('deadlineAt', () => deadlineAt(now, now + 1000, 1e9, now, policy))
time('worthMoving', () => worthMoving(now, now + 1000, now, undefined))
time('deltaBetween', () => deltaBetween(text, other))
time('applyDelta', () => applyDelta({ set: { a: 1 }, removed: [] }, text))
time('pathOf + pathMatches', () => pathMatches('/app', pathOf('/app/page?x=1')))
time('isSecure', () => isSecure(req, undefined))
time('MemoryBackend.read', () => backend.read('k'))
time('MemoryBackend.replace', () => backend.replace('k', body, { body, expires: now + 1e9 }))
time('MemoryBackend.extend', () => backend.extend('k', now + 1e9))

export { sink }
