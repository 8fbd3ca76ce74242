import { fingerprint } from '../../lib/base/ids'
import type { Calls } from './calls'

/**
 * Lines of ids: a session keeps its line when its id is renewed. Events name ids by their fingerprints, and before
 * anybody who did not wait for the new id gets to know it.
 */
export class Lines {
  readonly #calls: Calls
  readonly #lines = new Map<string, string>()
  readonly #byPrint = new Map<string, string>()
  readonly #latest = new Map<string, string>()
  readonly #prints = new Map<string, string>()
  /** Lines that have got a new id. */
  readonly renewed = new Set<string>()

  constructor(calls: Calls) {
    this.#calls = calls
  }

  add(id: string, line: string): void {
    this.#lines.set(id, line)
    this.#byPrint.set(this.#printOf(id), line)
  }

  /** The line of an id; one that nobody has met begins a line of its own. */
  of(id: string): string {
    const line = this.#known(id) ?? id
    if (!this.#lines.has(id)) this.add(id, line)
    return line
  }

  renew(previous: string, next: string): void {
    const line = this.#byPrint.get(previous) ?? previous
    this.#byPrint.set(next, line)
    this.#latest.set(line, next)
    this.renewed.add(line)
  }

  idsOf(line: string): string[] {
    return this.#ids().filter((id) => this.#known(id) === line)
  }

  /** The id that each line has now, of those that anybody has met. */
  current(): Map<string, string> {
    const current = new Map<string, string>()
    for (const id of this.#ids()) {
      const line = this.#known(id)
      if (line === undefined) continue
      if (!current.has(line) || this.#latest.get(line) === this.#printOf(id)) current.set(line, id)
    }
    return current
  }

  #ids(): string[] {
    return [...new Set([...this.#lines.keys(), ...this.#calls.all.map(({ key }) => key)])]
  }

  #known(id: string): string | undefined {
    return this.#lines.get(id) ?? this.#byPrint.get(this.#printOf(id))
  }

  #printOf(id: string): string {
    const print = this.#prints.get(id) ?? fingerprint(id)
    this.#prints.set(id, print)
    return print
  }
}
