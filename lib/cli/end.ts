import { systemClock } from '../base/clock'
import { limitConcurrency } from '../base/limit-concurrency'
import type { CommandLine } from './arguments'
import { viewOf } from './list'
import { type OpenedStore, openingOf, openStore } from './open'
import { endSession, findSession, sightings } from './sessions'
import { countText, type Terminal } from './terminal'

const NONE = 'no session of this owner; where the store keeps no index of owners, say --owner-key'

/** Opens all before the work begins: what cannot be finished is not begun. */
async function withStores(
  { words, flags }: CommandLine,
  work: (stores: OpenedStore[]) => Promise<number>,
): Promise<number> {
  const stores: OpenedStore[] = []
  try {
    for (const url of words) stores.push(await openStore(url, openingOf(flags)))
    return await work(stores)
  } finally {
    for (const { store } of stores) await store.close()
  }
}

async function endOwned(opened: OpenedStore, { flags }: CommandLine): Promise<number> {
  let ended = 0
  await limitConcurrency(
    sightings(opened, { ownerKey: flags['owner-key'], owner: flags.owner }),
    async (one) => {
      if (await endSession(opened, one.key)) ended++
    },
  )
  return ended
}

/**
 * A person's sessions, gone in all the stores. One may be on its way from one to the next meanwhile, so it goes round
 * until nothing is found any more.
 */
export function eraseOwner(command: CommandLine, terminal: Terminal): Promise<number> {
  return withStores(command, async (stores) => {
    const { signal } = terminal
    let ended = 0
    for (;;) {
      let found = 0
      for (const opened of stores) found += await endOwned(opened, command)
      ended += found
      if (found === 0 || signal.aborted) break
    }
    await terminal.print(`${countText(ended)} ended`)
    if (signal.aborted) return 130
    if (ended === 0) terminal.note(NONE)
    return ended > 0 ? 0 : 1
  })
}

export function exportOwner(command: CommandLine, terminal: Terminal): Promise<number> {
  const { flags } = command
  return withStores(command, async (stores) => {
    const sessions: object[] = []
    for (const opened of stores) {
      const viewing = { ownerKey: flags['owner-key'], owner: flags.owner }
      for await (const one of sightings(opened, viewing)) {
        sessions.push({ store: opened.name, ...viewOf(opened, one, flags) })
      }
    }
    await terminal.print(JSON.stringify({ owner: flags.owner, sessions }, undefined, 2))
    if (sessions.length === 0) terminal.note(NONE)
    return sessions.length > 0 ? 0 : 1
  })
}

export function revokeSessions(command: CommandLine, terminal: Terminal): Promise<number> {
  const { words, flags } = command
  const [url = '', ...given] = words
  if (flags.owner !== undefined) return eraseOwner({ ...command, words: [url] }, terminal)
  return withStores({ ...command, words: [url] }, async ([opened]) => {
    let missing = 0
    for (const one of given) {
      const sighting = opened && (await findSession(opened, one))
      const name = sighting && opened.store.keys.fingerprint(sighting.key)
      if (sighting && (await endSession(opened, sighting.key))) await terminal.print(`${name} ended`)
      else missing++
    }
    if (missing > 0) terminal.note(`${missing} not found: never here, ended before, or expired`)
    return missing > 0 ? 1 : 0
  })
}

export function pruneStore(command: CommandLine, terminal: Terminal): Promise<number> {
  return withStores(command, async ([opened]) => {
    const backend = opened?.store.backend
    if (backend?.prune) await terminal.print(`${countText(await backend.prune(systemClock()))} dropped`)
    else await terminal.print('nothing to do: this store drops what has expired by itself')
    return 0
  })
}
