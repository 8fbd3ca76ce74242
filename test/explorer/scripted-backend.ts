import type { Backend, Entry, Replaced } from '../../lib/backend/contract'
import type { Calls } from './calls'

/** A backend whose verbs are each one atomic step, taken when the schedule says so; the answer comes later still. */
export class ScriptedBackend implements Backend {
  readonly entries = new Map<string, Entry>()

  constructor(readonly calls: Calls) {}

  read(key: string): Promise<Entry | undefined> {
    return this.#later('read', key, false, () => this.live(key))
  }

  create(key: string, entry: Entry): Promise<boolean> {
    return this.#later('create', key, true, () => this.make(key, entry), entry.body)
  }

  replace(key: string, seen: string, entry: Entry): Promise<Replaced> {
    // One that is past its deadline ends the record: that is how a renewed id ends.
    const text = entry.expires > Date.now() ? entry.body : undefined
    return this.#later('replace', key, true, () => this.swap(key, seen, entry), text)
  }

  remove(key: string): Promise<boolean> {
    return this.#later('remove', key, true, () => this.drop(key))
  }

  extend(key: string, expires: number): Promise<boolean> {
    return this.#later('extend', key, true, () => this.move(key, expires))
  }

  protected live(key: string): Entry | undefined {
    const entry = this.entries.get(key)
    return entry && entry.expires > Date.now() ? entry : undefined
  }

  protected make(key: string, entry: Entry): boolean {
    if (this.live(key)) return false
    this.write(key, entry)
    return true
  }

  protected swap(key: string, seen: string, entry: Entry): Replaced {
    const current = this.live(key)
    if (!current || current.body !== seen) return current
    this.write(key, entry)
    return true
  }

  protected drop(key: string): boolean {
    const there = this.live(key) !== undefined
    this.entries.delete(key)
    this.calls.dropped(key)
    return there
  }

  protected move(key: string, expires: number): boolean {
    const current = this.live(key)
    if (!current) return false
    this.entries.set(key, { ...current, expires })
    this.calls.moved(key)
    return true
  }

  protected write(key: string, entry: Entry): void {
    this.entries.set(key, entry)
    if (entry.expires <= Date.now()) this.calls.dropped(key)
    else this.calls.wrote(key, entry.body)
  }

  #later<T>(verb: string, key: string, writes: boolean, effect: () => T, text?: string): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const done = (error?: unknown, value?: unknown) => (error ? reject(error) : resolve(value as T))
      this.calls.arrive({ verb, key, writes, effect, done, ...(text === undefined ? {} : { text }) })
    })
  }
}
