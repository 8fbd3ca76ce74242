import type { Entry } from '../backend/contract'
import { limitConcurrency } from '../base/limit-concurrency'
import { dataTextOf, parseRecord } from '../record/text'
import { Migration } from '../store/migration'
import { stageOf } from '../store/migration-stage'
import type { CommandLine } from './arguments'
import { type OpenedStore, openingOf, openStore } from './open'
import { ProgressLine } from './progress'
import { ownerIn } from './sessions'
import { countText, type Terminal } from './terminal'

/** What became of one session. */
export type CopyOutcome =
  | 'moved'
  | 'copied'
  | 'there'
  | 'gone'
  | 'unreadable'
  | 'same'
  | 'missing'
  | 'different'

const WORDS: Record<CopyOutcome, string> = {
  moved: 'moved',
  copied: 'copied',
  there: 'were in TO already, whose sessions stay as they are',
  gone: 'ended or taken over by the application meanwhile',
  unreadable: 'left in FROM, because their records cannot be read (sealed? see --seal-keys)',
  same: 'are the same in both',
  missing: 'are missing in TO',
  different: 'differ in TO',
}
const AMISS: ReadonlySet<CopyOutcome> = new Set(['unreadable', 'missing', 'different'])

/** Changes of plan are rare; each further look at FROM is for what old processes of the application made meanwhile. */
const PASSES_MAX = 100

interface Pair {
  readonly from: OpenedStore
  readonly to: OpenedStore
  readonly ownerKey: string | undefined
}

type Step = (pair: Pair, shown: string, entry: Entry) => Promise<CopyOutcome>

/**
 * Takes a session over as the option `migrateFrom` of an application does, with the same marks, so that both may be
 * at it at once: whichever breaks off, the other goes on, and what was ended meanwhile in either store stays ended.
 */
const move: Step = async ({ from, to, ownerKey }, shown, seen) => {
  const [source, target] = [from.store, to.store]
  const key = source.keys.prefix + shown
  let unreadable = false
  const place = {
    async find() {
      const entry = await source.backend.read(key)
      const record = entry && source.opened(key, entry.body)
      const parsed = record === undefined ? undefined : parseRecord(record)
      // A session that is itself on its way into FROM, or a note that it was ended there.
      unreadable = entry !== undefined && (parsed === undefined || stageOf(parsed) !== undefined)
      return entry && !unreadable ? { entry, record } : undefined
    },
    remove: async () => {
      await source.backend.remove(key)
    },
  }
  const here = target.keys.ofShown(shown)
  const migration = new Migration([place], {
    backend: target.backend,
    ttlMs: target.ttlMs,
    keyOf: () => here,
    sealed: (storeKey, body) => target.sealed(storeKey, body),
    opened: (storeKey, text) => target.opened(storeKey, text),
    entryFor: (session, body, expires) => ({
      body,
      expires,
      owner: ownerIn(session, ownerKey) ?? seen.owner,
    }),
  })
  const entry = await target.backend.read(here)
  if (!migration.concerns(here, entry)) {
    // TO's is the one that counts. FROM's would come back from there when TO's has ended.
    await place.remove()
    return 'there'
  }
  const taken = await migration.take(shown, entry)
  if (unreadable) return 'unreadable'
  return taken ? 'moved' : 'gone'
}

/** Never over what TO has. */
const keep: Step = async ({ from, to, ownerKey }, shown, seen) => {
  const text = from.store.opened(from.store.keys.prefix + shown, seen.body)
  const record = text === undefined ? undefined : parseRecord(text)
  if (text === undefined || !record || stageOf(record)) return 'unreadable'
  const key = to.store.keys.ofShown(shown)
  const owner = ownerIn(record, ownerKey) ?? seen.owner
  const entry = { body: to.store.sealed(key, text), expires: seen.expires, owner }
  return (await to.store.backend.create(key, entry)) ? 'copied' : 'there'
}

const verify: Step = async ({ from, to }, shown, seen) => {
  const mine = dataOfEntry(from, from.store.keys.prefix + shown, seen)
  const key = to.store.keys.ofShown(shown)
  const there = await to.store.backend.read(key)
  if (mine === undefined) return 'unreadable'
  if (!there) return 'missing'
  return dataOfEntry(to, key, there) === mine ? 'same' : 'different'
}

function dataOfEntry({ store }: OpenedStore, key: string, { body }: Entry): string | undefined {
  const text = store.opened(key, body)
  const record = text === undefined ? undefined : parseRecord(text)
  return record && text !== undefined ? dataTextOf(text, record) : undefined
}

export async function copySessions({ words, flags }: CommandLine, terminal: Terminal): Promise<number> {
  const [source = '', target = ''] = words
  const from = await openStore(source, openingOf(flags))
  const toPlace = { prefix: flags['to-prefix'], table: flags['to-table'], hashIds: flags['hash-ids'] }
  const to = await openStore(target, { ...openingOf(flags), ...toPlace, create: flags.create })
  const pair = { from, to, ownerKey: flags['owner-key'] }
  const step = flags.verify ? verify : flags.keep ? keep : move
  try {
    return await run(pair, step, terminal)
  } finally {
    await from.store.close()
    await to.store.close()
  }
}

async function run(pair: Pair, step: Step, terminal: Terminal): Promise<number> {
  const { store } = pair.from
  const counts = new Map<CopyOutcome, number>()
  const total = await store.length()
  const line = new ProgressLine(total, terminal)
  for (let pass = 0, found = 1; found > 0 && pass < PASSES_MAX && !terminal.signal.aborted; pass++) {
    found = 0
    await limitConcurrency(untilAborted(pair.from, terminal.signal), async ([key, entry]) => {
      const outcome = await step(pair, key.slice(store.keys.prefix.length), entry)
      if (outcome === 'unreadable' && pass > 0) return
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
      if (outcome !== 'unreadable') found++
      line.advance()
    })
    if (step !== move) break
  }
  for (const [outcome, count] of counts) await terminal.print(`${countText(count)} ${WORDS[outcome]}`)
  if (counts.size === 0) await terminal.print('FROM has no sessions')
  const amiss = [...counts.keys()].some((outcome) => AMISS.has(outcome))
  if (!terminal.signal.aborted) return amiss ? 1 : 0
  terminal.note('broken off: run the same command again to go on')
  return 130
}

async function* untilAborted({ store }: OpenedStore, signal: AbortSignal) {
  for await (const pair of store.backend.scan?.(store.keys.prefix) ?? []) {
    if (signal.aborted) return
    yield pair
  }
}
