import assert from 'node:assert/strict'
import { it, type TestContext } from 'node:test'
import { KITS, type Kit } from '../../support/kits'
import { oddStores } from '../../support/odd-stores'
import { inTime } from '../../support/session-app'
import { DIFFERENCES } from './differences'

/** What a behaviour is tried with. */
export interface Scene {
  readonly kit: Kit
  /** The module under test. */
  readonly session: any
  readonly t: TestContext
  /** The odd stores, on this kit's `Store`. */
  readonly stores: ReturnType<typeof oddStores>
  /** A fresh store of the kind that this round is about. */
  newStore(): any
}

type Run = (scene: Scene) => Promise<void> | void

const met = new Set<string>()

/** Tried on express-session and on sojourn: both must pass, or the title be in `differences.ts`. */
export function behaviour(title: string, run: Run): void {
  for (const kit of KITS) tryOn(kit, title, run, () => new kit.session.MemoryStore())
}

/** As `behaviour`, once with the kit's own MemoryStore and once with a store as others write them. */
export function behaviourOnStores(title: string, run: Run): void {
  for (const kit of KITS) {
    tryOn(kit, `${title}, in MemoryStore`, run, () => new kit.session.MemoryStore())
    const { PlainStore } = oddStores(kit.session.Store)
    tryOn(kit, `${title}, in a store of others`, run, () => new PlainStore())
  }
}

function tryOn(kit: Kit, title: string, run: Run, newStore: () => unknown): void {
  const { name, session } = kit
  const play = (t: TestContext) =>
    inTime((async () => run({ kit, session, t, stores: oddStores(session.Store), newStore }))(), 20_000)
  const reason = DIFFERENCES[title] ?? DIFFERENCES[title.replace(/, in [^,]*$/, '')]
  if (name === 'sojourn' || !reason) {
    it(`${title} (${name})`, play)
    return
  }
  met.add(title)
  it(`${title} (express-session differs: ${reason})`, async (t) => {
    await assert.rejects(
      async () => play(t),
      (error) => error instanceof Error,
      'it behaves the same now: take it out of differences.ts',
    )
  })
}
