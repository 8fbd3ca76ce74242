import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { TYPESCRIPT } from '../support/typescript'
import { furnish, HistoryCheck } from './history-check'
import { type Event, readHistory } from './history-log'
import type { Sessions, Task } from './history-worker'
import { openStore, type StoreAt } from './openers'

export interface HistoryOptions extends StoreAt {
  /** Chooses the operations. The order in which processes get their turn is the machine's. */
  seed: number
  /** Default 3. */
  processes?: number
  /** Of each process. Default 250. */
  operations?: number
  /**
   * Makes the store or the processes fail while they work.
   *
   * @param reached waits until this share of all operations has been begun, 0 to 1
   */
  disturb?: (children: readonly ChildProcess[], reached: (share: number) => Promise<void>) => Promise<void>
}

export interface History {
  /** In one line, for people. */
  summary: string
  lost: string[]
  revived: string[]
  impossible: string[]
  /** Operations whose outcome is unknown. */
  unsure: number
  conflicts: number
  done: Record<Event['op'], number>
}

const LIMIT_MS = 60_000

/** Lets processes work on the same few sessions at random, and checks that what they were told is what is so. */
export async function runHistory(options: HistoryOptions): Promise<History> {
  const { store, seed, processes = 3, operations = 250, disturb } = options
  const at: StoreAt = { store, options: options.options }
  const sessions = namesFor(processes * operations)
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-history-'))
  const backend = openStore(at)
  const children: ChildProcess[] = []
  try {
    await furnish(backend, sessions)
    const tasks = Array.from({ length: processes }, (_, process): Task => {
      return { at, seed, process, operations, log: join(folder, `${process}`), sessions }
    })
    for (const _ of tasks)
      children.push(fork(require.resolve('./history-worker'), { execArgv: [...TYPESCRIPT] }))
    const limit = setTimeout(() => killAll(children), LIMIT_MS)
    const ended = Promise.all(children.map(report))
    await Promise.all(children.map((child, i) => start(child, tasks[i])))
    for (const child of children) child.send('go')
    const total = processes * operations
    await disturb?.(children, (share) => reached(() => historiesIn(tasks).length >= share * total))
    const reports = await ended
    clearTimeout(limit)
    const events = historiesIn(tasks)
    const check = new HistoryCheck(backend, events)
    await check.run(sessions)
    return sum(options, events, check, reports)
  } finally {
    killAll(children)
    await backend.close?.()
    rmSync(folder, { recursive: true })
  }
}

function killAll(children: readonly ChildProcess[]): void {
  for (const child of children) child.kill('SIGKILL')
}

const historiesIn = (tasks: readonly Task[]): Event[] =>
  tasks.flatMap(({ log }) => (existsSync(log) ? readHistory(log) : []))

async function reached(isThere: () => boolean): Promise<void> {
  for (const until = Date.now() + LIMIT_MS; Date.now() < until && !isThere(); ) await sleep(10)
}

/** Few enough to be met by several processes at once, and enough mortals to be destroyed throughout. */
function namesFor(total: number): Sessions {
  const names = (kind: string, count: number) => Array.from({ length: count }, (_, i) => `${kind}${i}`)
  return {
    lasting: names('l', 4),
    mortal: names('m', Math.ceil(total / 25)),
    contested: names('c', Math.ceil(total / 25)),
  }
}

async function start(child: ChildProcess, task: Task | undefined): Promise<void> {
  child.send(task as Task)
  await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error('a process of the history did not start'))),
  ])
}

/** @returns how often it met a conflict; a process that was killed cannot tell */
async function report(child: ChildProcess): Promise<number> {
  let conflicts = 0
  child.on('message', (message: { conflicts?: number }) => {
    conflicts = message.conflicts ?? 0
  })
  await once(child, 'exit')
  return conflicts
}

function sum(options: HistoryOptions, events: Event[], check: HistoryCheck, reports: number[]): History {
  const { lost, revived, impossible } = check
  const done = { merge: 0, count: 0, touch: 0, renew: 0, destroy: 0, create: 0, read: 0 }
  for (const { op, outcome } of events) if (outcome === 'done') done[op]++
  const unsure = events.filter(({ outcome }) => outcome === 'unsure').length
  const conflicts = reports.reduce((total, each) => total + each, 0)
  const { read: _, ...changes } = done
  const acknowledged = Object.values(changes).reduce((total, each) => total + each, 0)
  const told = Object.entries(done).map(([op, count]) => `${op} ${count}`)
  const summary = `${options.store}, seed ${options.seed}: ${acknowledged} acknowledged changes of ${reports.length} processes (${told.join(', ')}), ${conflicts} conflicts, ${unsure} unsure; lost ${lost.length}, revived ${revived.length}, impossible ${impossible.length}`
  return { summary, lost, revived, impossible, unsure, conflicts, done }
}

/** Nothing lost, nothing revived, nothing odd; and enough happened to say so. */
export function assertExact(history: History): void {
  const { lost, revived, impossible, conflicts, done, summary } = history
  assert.deepEqual({ lost, revived, impossible }, { lost: [], revived: [], impossible: [] }, summary)
  assert.ok(
    conflicts > 0 && Object.values(done).every((count) => count > 0),
    `too little happened: ${summary}`,
  )
}
