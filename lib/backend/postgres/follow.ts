import { ignore } from '../../base/async'
import { storeError } from '../../base/errors'
import { settlesWithin, sleep, timers } from '../../base/timers'
import type { StoreKey } from '../contract'
import type { Ending, KeyNews, NewsListener } from '../news'
import type { PostgresListener } from './client'
import { WATCH_LOCK } from './sql'

/** Longer ones fail, and the write with them. */
const PAYLOAD_BYTES = 7900
const ASK_MS = 1000
const SILENT_MS = 2000
const START_MS = 5000
const AGAIN_MS = 200
/** How long a watch waits at most for statements that began before it; an unrelated long one must not stop it. */
const BEFORE_MS = 500

/** What a statement gives to `pg_notify`; empty where that would be too long: then whoever follows reads again. */
export function payloadOf(key: StoreKey, ended: boolean, ending?: Ending): string {
  const text = JSON.stringify([key, ended ? 1 : 0, ending?.because, ending?.successor])
  return Buffer.byteLength(text) < PAYLOAD_BYTES ? text : ''
}

function newsOf(payload: string): KeyNews | 'gap' {
  try {
    const [key, ended, because, successor] = JSON.parse(payload)
    if (typeof key !== 'string') return 'gap'
    const ending = because ? { because, successor: successor ?? undefined } : undefined
    return { key, ended: ended === 1, ending }
  } catch {
    return 'gap'
  }
}

/**
 * Follows a table by LISTEN, on a connection of its own. It holds a lock there, shared with others who follow, by which
 * every statement that writes sees that it has to tell; a process that dies lets go of it.
 */
export class PostgresFollower {
  readonly #open: () => PostgresListener
  readonly #table: string
  readonly #prefix: string
  readonly #listener: NewsListener
  #client: PostgresListener | undefined
  #asking: NodeJS.Timeout | undefined
  #isStopped = false

  /** @param table as an SQL literal */
  constructor(open: () => PostgresListener, table: string, prefix: string, listener: NewsListener) {
    this.#open = open
    this.#table = table
    this.#prefix = prefix
    this.#listener = listener
  }

  /** @throws SessionError ERR_SESSION_STORE */
  async start(): Promise<void> {
    let limit: NodeJS.Timeout | undefined
    try {
      const late = new Promise<never>((_, reject) => {
        limit = timers.setTimeout(() => reject(new Error('the server does not answer')), START_MS)
      })
      await Promise.race([this.#connect(), late])
    } catch (cause) {
      this.stop()
      throw storeError('watch', cause)
    } finally {
      timers.clearTimeout(limit)
    }
    this.#ask()
  }

  stop(): void {
    this.#isStopped = true
    timers.clearTimeout(this.#asking)
    this.#drop()
  }

  async #connect(): Promise<void> {
    const client = this.#open()
    this.#client = client
    client.on('error', ignore)
    client.on('notification', ({ payload = '' }) => {
      if (this.#client !== client) return
      const news = newsOf(payload)
      if (news === 'gap' || news.key.startsWith(this.#prefix)) this.#listener(news)
    })
    await client.connect()
    client.unref?.()
    const ask = async (text: string) => (await client.query({ text })).rows[0] ?? {}
    const { oid } = await ask(`SELECT ${this.#table}::regclass::oid::int4 AS oid`)
    await client.query({ text: `LISTEN "sojourn_${oid}"` })
    await client.query({ text: `SELECT pg_advisory_lock_shared(${WATCH_LOCK}, ${oid})` })
    // A statement that looked before may commit yet.
    const { last } = await ask('SELECT txid_snapshot_xmax(txid_current_snapshot()) AS last')
    for (const untilMs = performance.now() + BEFORE_MS; performance.now() < untilMs; ) {
      const { first } = await ask('SELECT txid_snapshot_xmin(txid_current_snapshot()) AS first')
      if (BigInt(String(first)) >= BigInt(String(last))) break
      await sleep(5)
    }
  }

  /** A connection that is cut without a word is found out by a question that is not answered. */
  #ask(): void {
    this.#asking = timers.setTimeout(() => this.#look().catch(ignore), ASK_MS)
    this.#asking.unref?.()
  }

  async #look(): Promise<void> {
    let isHeard = false
    const answer = this.#client?.query({ text: 'SELECT 1' }).then(() => {
      isHeard = true
    })
    if (answer) await settlesWithin(answer, SILENT_MS)
    if (!isHeard) await this.#connectAgain()
    if (!this.#isStopped) this.#ask()
  }

  async #connectAgain(): Promise<void> {
    while (!this.#isStopped) {
      this.#drop()
      try {
        await this.#connect()
        if (!this.#isStopped) this.#listener('gap')
        return
      } catch {
        await sleep(AGAIN_MS)
      }
    }
    this.#drop()
  }

  #drop(): void {
    const client = this.#client
    this.#client = undefined
    client?.end().catch(ignore)
  }
}
