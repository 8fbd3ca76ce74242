import { systemClock } from '../base/clock'
import type { Data } from '../record/text'
import type { CommandLine } from './arguments'
import { maskSecrets } from './mask'
import { type OpenedStore, openingOf, openStore } from './open'
import { findSession, type Sighting, sightings } from './sessions'
import { bytesText, countText, durationText, harmless, type Terminal } from './terminal'

/** What is shown for a session: never the id, unless it is asked for. */
function nameOf({ store }: OpenedStore, { key }: Sighting, ids: boolean | undefined): string {
  return ids ? store.keys.shown(key) : store.keys.fingerprint(key)
}

const timeText = (at: number | undefined): string | null =>
  at === undefined || at === Infinity ? null : new Date(at).toISOString()

const column = (text: string, width: number): string =>
  (text.length > width ? `${text.slice(0, width - 1)}…` : text).padEnd(width)

export async function listSessions({ words, flags, olderMs }: CommandLine, terminal: Terminal) {
  const opened = await openStore(words[0] as string, openingOf(flags))
  const now = systemClock()
  let count = 0
  const head = ['SESSION     ', column('OWNER', 20), column('AGE', 7), column('LEFT', 7), column('SIZE', 8)]
  if (!flags.json) await terminal.print(terminal.paint('bold', [...head, 'KEYS'].join('  ')))
  for await (const sighting of sightings(opened, { ownerKey: flags['owner-key'], owner: flags.owner })) {
    const { createdAt, owner, record, entry } = sighting
    if (olderMs !== undefined && (createdAt === undefined || now - createdAt <= olderMs)) continue
    count++
    const session = nameOf(opened, sighting, flags.ids)
    const bytes = Buffer.byteLength(entry.body)
    const keys = record ? Object.keys(record).filter((key) => key !== 'cookie') : undefined
    if (flags.json) {
      const times = { created: timeText(createdAt), expires: timeText(entry.expires) }
      await terminal.print(JSON.stringify({ session, owner: owner ?? null, ...times, bytes, keys }))
      continue
    }
    const cells = [
      session.padEnd(12),
      column(owner ?? '-', 20),
      column(createdAt === undefined ? '?' : durationText(now - createdAt), 7),
      column(durationText(entry.expires - now), 7),
      column(bytesText(bytes), 8),
      keys ? keys.join(' ') : '(cannot be read: sealed? see --seal-keys)',
    ]
    await terminal.print(harmless(cells.join('  ')).trimEnd())
  }
  if (!flags.json) terminal.note(`${countText(count)} session${count === 1 ? '' : 's'}`)
  await opened.store.close()
  return 0
}

export async function showSession({ words, flags }: CommandLine, terminal: Terminal) {
  const opened = await openStore(words[0] as string, openingOf(flags))
  const sighting = await findSession(opened, words[1] as string)
  if (sighting) await terminal.print(JSON.stringify(viewOf(opened, sighting, flags), undefined, 2))
  else terminal.note('there is no such session: it never was here, was ended, or has expired')
  await opened.store.close()
  return sighting ? 0 : 1
}

export function viewOf(
  opened: OpenedStore,
  sighting: Sighting,
  { ids, secrets }: { readonly ids?: boolean; readonly secrets?: boolean },
): object {
  const { cookie, ...data } = sighting.record ?? { cookie: {} }
  const { expires, created, ...settings } = cookie as Data
  return {
    session: nameOf(opened, sighting, ids),
    owner: sighting.owner ?? null,
    created: timeText(sighting.createdAt),
    expires: timeText(sighting.entry.expires),
    bytes: Buffer.byteLength(sighting.entry.body),
    data: sighting.record ? JSON.parse(JSON.stringify(data, secrets ? undefined : maskSecrets)) : null,
    cookie: settings,
  }
}

export async function listOwners({ words, flags }: CommandLine, terminal: Terminal) {
  const opened = await openStore(words[0] as string, openingOf(flags))
  const counts = new Map<string, number>()
  let without = 0
  for await (const { owner } of sightings(opened, { ownerKey: flags['owner-key'] })) {
    if (owner === undefined) without++
    else counts.set(owner, (counts.get(owner) ?? 0) + 1)
  }
  for (const [owner, sessions] of [...counts].sort(([, a], [, b]) => b - a)) {
    const line = flags.json
      ? JSON.stringify({ owner, sessions })
      : `${countText(sessions).padStart(9)}  ${harmless(owner)}`
    await terminal.print(line)
  }
  if (!flags.json) {
    terminal.note(`${countText(counts.size)} owners; ${countText(without)} sessions without`)
    if (counts.size === 0 && without > 0)
      terminal.note('no session names its owner: set the option owner of the store, or say --owner-key')
  }
  await opened.store.close()
  return 0
}
