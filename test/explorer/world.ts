import { Signer } from '../../lib/cookie/signature'
import { type SessionMiddleware, session } from '../../lib/middleware/session'
import type { SessionOptions } from '../../lib/session/options'
import { BackedStore } from '../../lib/store/backed-store'
import { Calls, type Faults } from './calls'
import { type Change, last, same, under } from './changes'
import type { FakeResponse } from './fakes'
import { Lines } from './lines'
import type { Met, Step, World } from './scheduler'
import { ScriptedBackend } from './scripted-backend'
import { ScriptedStore } from './scripted-store'
import { Timers } from './timers'
import { judge } from './verdict'
import { type Program, Visit } from './visit'
import { QueueWatch } from './watch-queues'

export interface WorldOptions {
  /** A third-party store, whose keeper orders the commits of the process; or a backend of ours. */
  readonly store: 'foreign' | 'backend'
  readonly programs: readonly Program[]
  /** Each request in a process of its own: nothing but the store is shared. */
  readonly processes?: boolean
  readonly faults?: Faults
  readonly options?: SessionOptions
  /** Late answers, so that what was given up can still happen afterwards. */
  readonly timeoutMs?: number
  readonly Store?: typeof ScriptedStore
  readonly Backend?: typeof ScriptedBackend
}

const SECRET = 'a secret of the explorer'
const SEED = 'the-id-that-all-requests-bring'
const LIFE_MS = 3_600_000
export const NOON = Date.UTC(2031, 4, 7, 12)

const signer = new Signer([SECRET])
const seedCookie = `connect.sid=${encodeURIComponent(signer.sign(SEED))}`

/** What stands in the store before the first request. */
const SEED_DATA = { x: '0', y: '0', d: 'to be removed', n: 0 }

/** Some requests of one session, their store, and the one thing at a time that may happen next. */
export class SessionWorld implements World {
  readonly seedCookie = seedCookie
  readonly seedData: Record<string, unknown> = SEED_DATA
  readonly longLifeMs = 30 * 24 * LIFE_MS
  readonly calls: Calls
  readonly timers: Timers
  readonly store: ScriptedStore | undefined
  readonly backend: ScriptedBackend | undefined
  readonly ourStores: readonly BackedStore[] = []
  readonly visits: Visit[]
  readonly lines: Lines
  /** Lines whose end has been acknowledged to somebody, and how many calls there had been when that was asked for. */
  readonly acknowledgedEnds = new Map<string, number>()
  /** Ids in cookies that were set. */
  readonly cookies = new Set<string>()
  /** Ids in cookies that were set without a record behind them. */
  readonly emptyCookies: string[] = []
  readonly rejections: unknown[] = []
  /** Events that tell of changes which were not saved. */
  readonly told = { interrupted: 0, storeError: 0 }
  readonly #middlewares: SessionMiddleware[]
  readonly #watch: QueueWatch | undefined
  readonly #onRejection = (reason: unknown) => this.rejections.push(reason)

  constructor(readonly setup: WorldOptions) {
    this.calls = new Calls(setup.faults)
    this.calls.name(SEED, 'seed')
    this.lines = new Lines(this.calls)
    this.lines.add(SEED, 'seed')
    this.timers = new Timers(NOON, this.calls)
    process.on('unhandledRejection', this.#onRejection)
    const cookie = new Date(NOON + LIFE_MS / 2).toISOString()
    const text = JSON.stringify({
      cookie: {
        originalMaxAge: LIFE_MS,
        expires: cookie,
        httpOnly: true,
        path: '/',
        created: NOON - LIFE_MS / 2,
      },
      ...SEED_DATA,
    })
    const count = setup.processes ? setup.programs.length : 1
    if (setup.store === 'foreign') {
      const store = new (setup.Store ?? ScriptedStore)(this.calls)
      store.rows.set(SEED, text)
      this.store = store
      this.#middlewares = [this.#middleware(store)]
    } else {
      const backend = new (setup.Backend ?? ScriptedBackend)(this.calls)
      backend.entries.set(SEED, { body: text, expires: NOON + LIFE_MS / 2 })
      this.backend = backend
      this.ourStores = Array.from({ length: count }, () => new BackedStore(backend))
      this.#middlewares = this.ourStores.map((store) => this.#middleware(store))
    }
    if (!setup.processes) this.#watch = this.ourStores.map((store) => new QueueWatch(store))[0]
    this.visits = setup.programs.map((program, index) => new Visit(this, `r${index + 1}`, program))
  }

  #middleware(store: BackedStore | ScriptedStore): SessionMiddleware {
    const middleware = session({
      secret: SECRET,
      resave: false,
      saveUninitialized: false,
      unset: 'destroy',
      cookie: { maxAge: LIFE_MS },
      storeTimeout: this.setup.timeoutMs ?? false,
      store,
      ...this.setup.options,
    })
    middleware.events.on('interrupted', () => this.told.interrupted++)
    middleware.events.on('renewed', (event) => this.lines.renew(event.previous, event.session))
    middleware.events.on('storeError', () => this.told.storeError++)
    return middleware
  }

  middlewareOf(visit: Visit): SessionMiddleware {
    const index = this.#middlewares.length > 1 ? this.visits.indexOf(visit) : 0
    const middleware = this.#middlewares[index]
    if (!middleware) throw new Error('a visit without a middleware')
    return middleware
  }

  readonly met = (): Met => this.#watch?.met ?? 'nothing'

  steps(): Step[] {
    this.#watch?.next()
    this.calls.before = this.calls.all.length
    const steps = [...this.calls.steps(), ...this.visits.flatMap((visit) => visit.steps())]
    return [...steps, ...this.timers.steps(steps.length === 0)]
  }

  /** Nothing has failed, and no call was given up. */
  get faultless(): boolean {
    return this.calls.failures.length === 0 && this.timers.expired === 0
  }

  get mode(): string {
    return this.setup.options?.concurrency ?? 'merge'
  }

  /** What waits in one process is written together. */
  get joins(): boolean {
    return this.backend !== undefined && !this.setup.processes
  }

  /** Unchanged sessions are written too. */
  get rewrites(): boolean {
    return this.setup.options?.resave === true || this.setup.options?.idleTimeout !== undefined
  }

  /**
   * A write has happened when it had been given up and what came next had waited as long again in vain: it undoes that.
   * Compare-and-swap has no need to wait.
   */
  get tooLate(): boolean {
    const { timeoutMs } = this.setup
    return this.store !== undefined && timeoutMs !== undefined && this.calls.overtakenMs >= 2 * timeoutMs
  }

  /** @param asked how many calls there had been when it was asked for */
  endedFor(line: string, asked: number): void {
    this.acknowledgedEnds.set(line, Math.min(asked, this.acknowledgedEnds.get(line) ?? asked))
  }

  /** The end of a response has reached its client. */
  acknowledged(visit: Visit, res: FakeResponse): void {
    visit.status = res.statusCode
    const id = this.cookieIn(res)
    if (id) this.cookies.add(id)
    if (res.statusCode < 400) {
      this.mustBeSaved(visit, visit.promised)
      if (
        id &&
        id !== SEED &&
        !this.calls.all.some((call) => call.key === id && call.text && call.tookEffect)
      )
        this.emptyCookies.push(id)
    }
  }

  /** What the visit has changed must have reached the store by now. */
  mustBeSaved(visit: Visit, count = visit.changes.length): void {
    for (const change of last(visit.changes.slice(0, count))) {
      if (!visit.forgone.has(change) && !this.isSaved(change) && !visit.unsaved.includes(change))
        visit.unsaved.push(change)
    }
  }

  isSaved({ line, key, value }: Change): boolean {
    const ids = this.lines.idsOf(line)
    const values = [value]
    // Of two who give one key its value in the same write, the first one's never stands in the store.
    if (this.joins) {
      for (const { changes } of this.visits)
        for (const one of changes) if (one.line === line && one.key === key) values.push(one.value)
    }
    return this.calls.all.some((call) => {
      if (!call.text || !call.tookEffect || (this.backend && call.value !== true)) return false
      const written = under(JSON.parse(call.text), key)
      return ids.includes(call.key) && values.some((one) => same(written, one))
    })
  }

  record(id: string): Record<string, any> | undefined {
    const text = this.store ? this.store.rows.get(id) : this.#live(id)
    return text === undefined ? undefined : JSON.parse(text)
  }

  #live(id: string): string | undefined {
    const entry = this.backend?.entries.get(id)
    return entry && entry.expires > Date.now() ? entry.body : undefined
  }

  ids(): string[] {
    const ids = [...(this.store?.rows.keys() ?? []), ...(this.backend?.entries.keys() ?? [])]
    return ids.filter((id) => this.record(id))
  }

  cookieIn(res: FakeResponse): string | undefined {
    const lines = ([] as string[]).concat(res.getHeader('Set-Cookie') ?? [])
    const value = /^connect\.sid=([^;]+)/.exec(lines.at(-1) ?? '')?.[1]
    return value === undefined ? undefined : signer.open(value)
  }

  verdict(): string[] {
    return judge(this)
  }

  outcome(): string {
    const records = this.ids().map((id) => {
      const { cookie, ...data } = this.record(id) ?? {}
      return [this.calls.nameOf(id), Object.entries(data).sort(), cookie.originalMaxAge]
    })
    const visits = this.visits.map((visit) => [
      visit.status,
      visit.methods.answered,
      visit.unsaved.length,
      visit.aborted,
    ])
    return JSON.stringify([records.sort(), visits, this.told.interrupted])
  }

  close(): void {
    process.off('unhandledRejection', this.#onRejection)
    this.timers.close()
  }
}
