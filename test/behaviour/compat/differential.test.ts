import assert from 'node:assert/strict'
import { it, type TestContext } from 'node:test'
import { type Handler, routes } from '../../support/app'
import type { Client } from '../../support/client'
import { type Clock, stopClock } from '../../support/clock'
import { expressSession, type Kit, sojourn } from '../../support/kits'
import { oddStores } from '../../support/odd-stores'
import { serveWith } from '../../support/session-app'

/*
 * Lives of sessions by chance: the same requests, one after the other, at the same times, to an application on
 * express-session and to one on sojourn. What is answered and what is stored must be the same.
 */

type Step = readonly [verb: string, key: string, value: unknown]
interface Request {
  waitMs: number
  steps: Step[]
}

class Chance {
  constructor(private seed: number) {}
  below(n: number): number {
    this.seed = (Math.imul(this.seed, 1664525) + 1013904223) >>> 0
    return Math.floor((this.seed / 2 ** 32) * n)
  }
  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }
}

const VERBS = [
  ...['set', 'set', 'set', 'delete', 'deep', 'read', 'read', 'same'],
  ...['save', 'reload', 'regenerate', 'destroy', 'unset', 'maxAge', 'expires', 'touch'],
]

function requests(chance: Chance): Request[] {
  return Array.from({ length: 2 + chance.below(8) }, () => ({
    waitMs: chance.of([0, 0, 1, 700, 1000, 25_000, 61_000]),
    steps: Array.from({ length: chance.below(4) }, () => [
      chance.of(VERBS),
      chance.of(['a', 'b', 'cookie2', '7']),
      chance.of<unknown>([1, 'x', null, false, [], { n: 1 }]),
    ]) as Step[],
  }))
}

function options(chance: Chance): object {
  return {
    resave: chance.of([false, false, true]),
    saveUninitialized: chance.of([false, false, true]),
    rolling: chance.of([false, false, true]),
    unset: chance.of(['keep', 'destroy']),
    cookie: { maxAge: chance.of([null, 60_000, 5000]), sameSite: chance.of([undefined, 'lax']) },
    // Deadlines of unchanged sessions move with each request there.
    touchAfter: 0,
  }
}

const verbs: Record<string, (session: any, key: string, value: unknown) => unknown> = {
  set: (session, key, value) => {
    session[key] = value
  },
  same: (session, key) => {
    if (key in session) session[key] = JSON.parse(JSON.stringify(session[key]))
  },
  delete: (session, key) => delete session[key],
  deep: (session, key) => {
    session.deep = { ...session.deep, [key]: (session.deep?.[key] ?? 0) + 1 }
  },
  read: (session, key) => session[key],
  maxAge: (session, key) => {
    session.cookie.maxAge = key === 'a' ? null : 30_000
  },
  expires: (session) => {
    session.cookie.expires = false
  },
  touch: (session) => session.touch(),
}

/** Carries the steps out and shows the session as the handler has it then. */
const carryOut: Handler = async (req, res) => {
  const steps: Step[] = JSON.parse(decodeURIComponent(req.url.split('?')[1]))
  const failures: string[] = []
  let saved = false
  for (const [verb, key, value] of steps) {
    const { session } = req
    if (!session) break
    saved ||= verb === 'save'
    // save() renews the life here; there the end does, if it comes to that, and it misses changes of the cookie alone.
    if (saved && ['maxAge', 'expires', 'unset'].includes(verb)) continue
    if (verb === 'unset') req.session = null
    else if (verbs[verb]) verbs[verb]?.(session, key, value)
    else {
      await new Promise<void>((resolve) => {
        session[verb]((error?: Error) => {
          if (error) failures.push(error.message)
          resolve()
        })
      })
    }
  }
  const { cookie, ...data } = req.session ?? {}
  const left = saved ? 'not compared' : cookie?.maxAge
  res.end(JSON.stringify([data, left, cookie?.originalMaxAge, failures]))
}

class Side {
  readonly store: any
  client: Client | undefined

  constructor(
    readonly kit: Kit,
    foreign: boolean,
  ) {
    const { Store, MemoryStore } = kit.session
    this.store = foreign ? new (oddStores(Store).PlainStore)() : new MemoryStore()
  }

  async start(t: TestContext, given: object): Promise<void> {
    this.client = (
      await serveWith(this.kit, t, { ...given, store: this.store }, routes({ '/': carryOut }))
    ).client()
  }

  async visit({ steps }: Request): Promise<unknown> {
    const answer = await this.client?.get(`/?${encodeURIComponent(JSON.stringify(steps))}`)
    const cookies = answer?.setCookies
      // express-session leaves the cookie of an ended session in the browser.
      .filter((line) => !line.includes('=;'))
      .map((line) => line.replace(/=s%3A[^;]+/, '=ID'))
    return { status: answer?.status, body: answer?.body, cookies }
  }

  /** What is stored and alive, without ids, and without what is ours in the cookie. */
  stored(): string[] {
    const rows: string[] = []
    const { sessions, rows: foreign } = this.store
    for (const body of foreign ? foreign.values() : Object.values<string>({ ...sessions })) {
      const { cookie, ...data } = JSON.parse(body)
      const { originalMaxAge, expires, sameSite } = cookie
      // What has expired stays there until somebody asks for it.
      if (!foreign && expires && Date.parse(expires) <= Date.now()) continue
      rows.push(JSON.stringify([originalMaxAge, expires, sameSite, data]))
    }
    return rows.sort()
  }
}

async function live(t: TestContext, clock: Clock, seed: number): Promise<void> {
  const chance = new Chance(seed)
  const given = options(chance)
  const theirs = new Side(expressSession, seed % 2 === 0)
  const ours = new Side(sojourn, seed % 2 === 0)
  await theirs.start(t, given)
  await ours.start(t, given)
  const done: unknown[] = []
  for (const request of requests(chance)) {
    clock.advance(request.waitMs)
    done.push([request.waitMs, ...request.steps])
    const story = () => `seed ${seed}, ${JSON.stringify(given)}, ${JSON.stringify(done)}`
    assert.deepEqual(await ours.visit(request), await theirs.visit(request), story())
    assert.deepEqual(ours.stored(), theirs.stored(), story())
  }
}

const LIVES = Number(process.env['LIVES'] ?? 120)

it(`${LIVES} lives of sessions by chance are the same on express-session and on sojourn`, async (t) => {
  const clock = stopClock(t)
  const first = Number(process.env['SEED'] ?? 1)
  for (let seed = first; seed < first + LIVES; seed++) await live(t, clock, seed)
})
