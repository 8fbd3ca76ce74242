import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { before, describe, it } from 'node:test'
import { gunzipSync } from 'node:zlib'
import type { Owner } from '../../support/app'
import type { Case } from './case'
import { CASES } from './cases'
import { type Mode, type ModeServer, REFERENCE, type Surroundings, serveMode } from './modes'
import { Probe } from './probe'
import { headerOf, type RawAnswer, rawGet } from './raw'
import { suiteOwner } from './suite-owner'

/** All that both sides of one exchange saw, as far as it must be equal with and without a session. */
export interface Observation {
  interim: string[]
  status: number
  reason: string
  headers: string[]
  framing: string
  body: string
  trailers: string[]
  whole: boolean
  ending: string
  seen: string[]
  later: string[]
}

export class Observer {
  readonly #server: ModeServer
  readonly #probes: Map<string, Probe>
  readonly #mode: Mode
  #runs = 0

  private constructor(server: ModeServer, mode: Mode, probes: Map<string, Probe>) {
    this.#server = server
    this.#mode = mode
    this.#probes = probes
  }

  static async start(
    owner: Owner,
    surroundings: Surroundings,
    mode: Mode,
    cases: readonly Case[] = CASES,
  ): Promise<Observer> {
    const probes = new Map<string, Probe>()
    const server = await serveMode(owner, surroundings, mode, (req, res) => {
      const run = req.headers['x-mark']
      const found = cases.find(({ name }) => name === decodeURIComponent(req.headers['x-case']))
      const probe = new Probe(req, res)
      probes.set(run, probe)
      return found?.run(probe)
    })
    return new Observer(server, mode, probes)
  }

  async observe(tried: Case): Promise<Observation> {
    const mark = `run ${++this.#runs}`
    const visitor = await this.#server.visitor()
    const headers = { ...visitor, ...tried.headers, 'X-Mark': mark, 'X-Case': encodeURIComponent(tried.name) }
    const answer = await rawGet(this.#server.origin, '/case', { headers, method: tried.method ?? 'GET' })
    const probe = this.#probes.get(mark)
    if (!probe) throw new Error('the handler was not called')
    if (!probe.later.includes('close')) await once(probe.res, 'close')
    // Callbacks that come after the close.
    await new Promise((resolve) => setImmediate(resolve))
    if (answer.whole && this.#mode.use !== 'none') await this.#prove(answer, visitor, mark)
    return {
      interim: answer.interim.map(({ status, headers }) => [status, ...headers].join(' ')),
      status: answer.status,
      reason: answer.reason,
      headers: headersOf(answer),
      framing: answer.framing,
      body: bodyOf(answer),
      trailers: answer.trailers,
      whole: answer.whole,
      ending: answer.ending,
      seen: probe.seen,
      later: probe.later.filter((line) => line !== 'drain'),
    }
  }

  /** P1: whoever has the whole answer and asks again finds what was put in the session. */
  async #prove(answer: RawAnswer, visitor: Record<string, string>, mark: string): Promise<void> {
    const { use, name } = this.#mode
    if (use === 'unchanged') return
    const line = answer.headers.find(([key, value]) => isOurs(key, value))?.[1]
    if (use === 'new' && !line) throw new Error(`${name}: a new session, and no cookie`)
    const cookies = use === 'new' ? { Cookie: line?.split(';', 1)[0] ?? '' } : visitor
    const found = await this.#server.read(cookies)
    if (found['mark'] !== mark) throw new Error(`${name}: ${mark} was answered and is not saved`)
  }
}

/** The lines of a name stay in order; between names order means nothing (RFC 9110 section 5.3). */
function headersOf(answer: RawAnswer): string[] {
  const byName = new Map<string, string[]>()
  for (const [name, value] of answer.headers) {
    if (name === 'Date' || isOurs(name, value)) continue
    byName.set(name, [...(byName.get(name) ?? []), `${name}: ${value}`])
  }
  const names = [...byName.keys()].sort()
  return names.flatMap((name) => byName.get(name) ?? [])
}

/** Long bodies by their digest, so that a difference can be read. */
function bodyOf(answer: RawAnswer): string {
  // How a text is packed depends on the moments at which it came.
  const packed = headerOf(answer, 'content-encoding') === 'gzip' && answer.body.length > 0
  const body = packed ? gunzipSync(answer.body) : answer.body
  if (body.length <= 200) return body.toString('latin1')
  return `${body.length} bytes, ${createHash('sha256').update(body).digest('hex')}`
}

/** What the middleware may add. */
function isOurs(name: string, value: string): boolean {
  if (name === 'Set-Cookie') return value.startsWith('connect.sid=')
  return name === 'Cache-Control' && value === 'no-cache="Set-Cookie"'
}

/** Declares a test for each case: under `mode` both sides see what they see without a session. */
export function compareAll(
  surroundings: Surroundings,
  modes: readonly Mode[],
  cases: readonly Case[] = CASES,
  look: (observed: Observation) => unknown = (observed) => observed,
): void {
  const owner = suiteOwner()
  const known = new Map<Case, Observation>()
  let reference: Observer
  before(async () => {
    reference = await Observer.start(owner, surroundings, REFERENCE, cases)
  })
  for (const mode of modes) {
    describe(mode.name, () => {
      let observer: Observer
      before(async () => {
        observer = await Observer.start(owner, surroundings, mode, cases)
      })
      for (const tried of cases) {
        it(tried.name, { timeout: 20_000 }, async () => {
          known.set(tried, known.get(tried) ?? (await reference.observe(tried)))
          const observed = await observer.observe(tried)
          assert.deepEqual(look(observed), look(known.get(tried) ?? observed))
        })
      }
    })
  }
}
