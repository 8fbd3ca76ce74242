import type { Entry, Replaced, StoreKey } from './backend'
import { Gather } from './gather'
import { entryOf, ownerOf } from './postgres-row'
import { isRefusedBody, type PostgresTable } from './postgres-table'
import { Spelling, toSeconds } from './postgres-text'

interface Change {
  key: StoreKey
  /** As they are spelled in the column. */
  seen: string
  body: string
  expires: number
  owner: string | null
}

/** Changes in one statement. They are locked together, for as long as it takes. */
const BATCH = 32

/** Larger bodies go alone: many of them together would be copied and escaped several times on their way. */
const LARGE = 16 * 1024

/** Compare-and-swap: one by one when alone, and what a turn of the event loop brings together in one statement. */
export class PostgresReplace {
  readonly #table: PostgresTable
  readonly #changes: Gather<Change, Replaced>

  constructor(table: PostgresTable) {
    this.#table = table
    this.#changes = new Gather(BATCH, (changes) => this.#send(changes))
  }

  async run(key: StoreKey, seen: string, entry: Entry): Promise<Replaced> {
    const before = new Spelling(seen)
    const after = new Spelling(entry.body)
    const change = { key, expires: toSeconds(entry.expires), owner: ownerOf(entry) }
    let theirs: Entry | undefined
    for (;;) {
      try {
        const answer = await this.#ask({ ...change, seen: before.text, body: after.text })
        if (typeof answer !== 'object' || answer.body !== seen) return answer
        // What was seen stands there: in its other spelling, or it was changed and changed back meanwhile.
        theirs = answer
        if (!before.next()) return theirs
      } catch (error) {
        if (!isRefusedBody(error)) throw error
        if (after.next() || before.next()) continue
        if (theirs) return theirs
        throw error
      }
    }
  }

  #ask(change: Change): Promise<Replaced> {
    return change.seen.length + change.body.length > LARGE ? this.#one(change) : this.#changes.ask(change)
  }

  #send(changes: Change[]): Array<Promise<Replaced>> {
    const firsts = new Map<StoreKey, Change>()
    for (const change of changes) if (!firsts.has(change.key)) firsts.set(change.key, change)
    if (firsts.size === 1) return changes.map((change) => this.#one(change))
    const together = this.#many([...firsts.values()])
    return changes.map((change) =>
      firsts.get(change.key) === change ? this.#outOf(together, change) : this.#one(change),
    )
  }

  /** One whose body is refused takes the others with it; then each goes alone. */
  async #outOf(together: Promise<Map<StoreKey, Replaced>>, change: Change): Promise<Replaced> {
    try {
      return (await together).get(change.key)
    } catch (error) {
      if (!isRefusedBody(error)) throw error
      return this.#one(change)
    }
  }

  async #one({ key, seen, body, expires, owner }: Change): Promise<Replaced> {
    const values = [key, seen, body, expires, this.#table.now()]
    const { rows } = await this.#table.run('replace', this.#table.owners ? [...values, owner] : values)
    return rows[0] && replaced(rows[0])
  }

  async #many(changes: Change[]): Promise<Map<StoreKey, Replaced>> {
    const wanted = changes.map(({ key, seen, body, expires, owner }) => {
      // JSON has no Infinity; the server takes the word.
      return { sid: key, seen, body, expire: String(expires), owner }
    })
    const values = [changes.map(({ key }) => key), JSON.stringify(wanted), this.#table.now()]
    const { rows } = await this.#table.run('replaceAll', values)
    return new Map(rows.map((row) => [String(row['sid']), replaced(row)]))
  }
}

/** NULL in every column of an entry is how the statement says that it wrote. */
function replaced(row: Record<string, unknown>): Replaced {
  return row['expires'] === null ? true : entryOf(row)
}
