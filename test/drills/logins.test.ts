/**
 * Several processes log one user in at the same moment. `LOGIN_ROUNDS=100` for more than the few rounds that every
 * run has.
 */
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { BackedStore } from '../../lib/store/backed-store'
import { startPostgres, startRedis, withoutPostgres, withoutRedis } from '../support/servers'
import { TYPESCRIPT } from '../support/typescript'
import type { LoginAnswer, LoginRound } from './login-worker'
import { openStore, type StoreAt } from './openers'

const ROUNDS = Number(process.env['LOGIN_ROUNDS'] ?? 5)
const PROCESSES = 3
const owner = (data: Record<string, unknown>) => data['user'] as string | undefined

interface Place {
  at: StoreAt
  stop(): unknown
}

const KINDS: Array<{ name: string; skip: string | false; start(): Promise<Place> }> = [
  {
    name: 'LMDB',
    skip: false,
    async start() {
      const folder = mkdtempSync(join(tmpdir(), 'sojourn-logins-'))
      const stop = () => rmSync(folder, { recursive: true })
      return { at: { store: 'lmdb', options: { path: join(folder, 'sessions') } }, stop }
    },
  },
  {
    name: 'Redis',
    skip: withoutRedis(),
    async start() {
      const server = await startRedis()
      return { at: { store: 'redis', options: { url: server.url, owners: true } }, stop: () => server.stop() }
    },
  },
  {
    name: 'Postgres',
    skip: withoutPostgres(),
    async start() {
      const server = await startPostgres()
      const options = { connectionString: server.url, tableName: 'logins', owners: true }
      return { at: { store: 'postgres', options }, stop: () => server.stop() }
    },
  },
]

describe('of simultaneous logins in several processes exactly as many live as may', () => {
  const children: Process[] = []
  before(async () => {
    for (let i = 0; i < PROCESSES; i++) children.push(new Process())
    await Promise.all(children.map((child) => child.answer))
  })
  after(() => {
    for (const child of children) child.kill()
  })

  for (const { name, skip, start } of KINDS) {
    test(`on ${name}`, { skip }, async (t) => {
      const { at, stop } = await start()
      const store = new BackedStore(openStore(at), { owner })
      t.after(async () => {
        await store.close()
        await stop()
      })
      // The stores are open then, and all begin at the same time.
      const first = { at, user: 'first', limit: { max: 100 }, logins: 1, by: 'request' } as const
      await Promise.all(children.map((child) => child.ask(first)))
      for (const overflow of ['evict', 'refuse'] as const) {
        for (const by of ['request', 'set'] as const) {
          for (let round = 0; round < ROUNDS; round++) {
            const limit = { max: 1 + (round % 3), overflow }
            const user = `${overflow} ${by} ${round}`
            await logInAtOnce(store, children, { at, user, limit, logins: 1 + (round % 2), by })
          }
        }
        await logInAfterDeath(store, children, { at, user: overflow, limit: { max: 2, overflow } })
      }
    })
  }
})

async function logInAtOnce(store: BackedStore, children: Process[], round: LoginRound): Promise<void> {
  const { at: _, ...what } = round
  const { limit, logins, user } = round
  const answers = (await Promise.all(children.map((child) => child.ask(round)))).flat()
  assert.equal(answers.length, children.length * logins)
  const live = (await store.sessionsOf(user)).map(({ key }) => key)
  const acknowledged = answers.filter(({ refused }) => !refused).map(({ id }) => id)
  const message = `${JSON.stringify(what)}: ${JSON.stringify(answers)}`
  assert.equal(live.length, Math.min(limit.max, answers.length), message)
  const unknown = live.filter((key) => !acknowledged.some((id) => key.endsWith(id)))
  assert.deepEqual(unknown, [], message)
  if (limit.overflow === 'refuse') assert.equal(acknowledged.length, live.length, message)
}

/** What a process leaves that dies at a login, the next login puts right. */
async function logInAfterDeath(
  store: BackedStore,
  children: Process[],
  task: Pick<LoginRound, 'at' | 'user' | 'limit'>,
): Promise<void> {
  const round = { ...task, logins: 1, by: 'request' } as const
  const [victim, ...others] = children
  const dies = victim?.ask({ ...round, logins: 5 }).catch(() => 'dead')
  const under = Promise.all(others.map((child) => child.ask({ ...round, logins: 2 })))
  await sleep(3)
  victim?.kill()
  await Promise.all([dies, under])
  await others[0]?.ask(round)
  assert.equal((await store.sessionsOf(round.user)).length, round.limit.max, JSON.stringify(round.limit))
  const next = new Process()
  await next.answer
  children.splice(0, 1, next)
}

/** One that logs in when it is asked. */
class Process {
  /** The answer to what it was asked last; at first, that it is there. */
  answer: Promise<LoginAnswer[]>
  readonly #child = fork(require.resolve('./login-worker'), {
    execArgv: [...TYPESCRIPT],
  })
  #answered: (answer: LoginAnswer[]) => void = () => {}
  #failed: (error: Error) => void = () => {}

  constructor() {
    this.answer = this.#next()
    this.#child.on('message', (answer: LoginAnswer[]) => this.#answered(answer))
    this.#child.on('exit', () => this.#failed(new Error('a process of the drill has ended')))
  }

  ask(round: LoginRound): Promise<LoginAnswer[]> {
    this.answer = this.#next()
    this.#child.send(round)
    return this.answer
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  #next(): Promise<LoginAnswer[]> {
    return new Promise((resolve, reject) => {
      this.#answered = resolve
      this.#failed = reject
    })
  }
}
