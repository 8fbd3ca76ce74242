import type { Backend, Entry, Replaced } from '../../lib/backend/contract'

/** The smallest backend there is, with a controllable clock. `later` makes it answer with promises, in order. */
export class MapBackend implements Backend {
  readonly entries = new Map<string, Entry>()
  constructor(readonly clock: () => number = Date.now) {}

  read(key: string): Entry | undefined {
    const entry = this.entries.get(key)
    return entry !== undefined && entry.expires > this.clock() ? entry : undefined
  }

  create(key: string, entry: Entry): boolean {
    if (this.read(key) !== undefined) return false
    this.entries.set(key, entry)
    return true
  }

  replace(key: string, seen: string, entry: Entry): Replaced {
    const current = this.read(key)
    if (current === undefined || current.body !== seen) return current
    this.entries.set(key, entry)
    return true
  }

  remove(key: string): boolean {
    const there = this.read(key) !== undefined
    this.entries.delete(key)
    return there
  }

  extend(key: string, expires: number): boolean {
    const current = this.read(key)
    if (current === undefined) return false
    this.entries.set(key, { ...current, expires })
    return true
  }

  async *scan(prefix = ''): AsyncGenerator<[string, Entry]> {
    for (const key of [...this.entries.keys()]) {
      const entry = this.read(key)
      if (entry !== undefined && key.startsWith(prefix)) yield [key, entry]
    }
  }

  prune(now: number): number {
    let dropped = 0
    for (const [key, { expires }] of this.entries) {
      if (expires <= now && this.entries.delete(key)) dropped++
    }
    return dropped
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** The same behind promises: every answer comes a turn of the event loop later, decided when it comes. */
export class LaterBackend implements Backend {
  constructor(readonly inner: MapBackend = new MapBackend()) {}

  async read(key: string) {
    await turn()
    return this.inner.read(key)
  }

  async create(key: string, entry: Entry) {
    await turn()
    return this.inner.create(key, entry)
  }

  async replace(key: string, seen: string, entry: Entry) {
    await turn()
    return this.inner.replace(key, seen, entry)
  }

  async remove(key: string) {
    await turn()
    return this.inner.remove(key)
  }

  async extend(key: string, expires: number) {
    await turn()
    return this.inner.extend(key, expires)
  }

  scan(prefix?: string) {
    return this.inner.scan(prefix)
  }
}
