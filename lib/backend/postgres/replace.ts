import type { Entry, Replaced, StoreKey } from '../contract'
import type { Ending } from '../news'
import { type Asked, Batcher } from './batcher'
import { payloadOf } from './follow'
import { entryFromRow, ownerOf } from './row'
import { isRefusedBody, type PostgresTable } from './table'
import { Spelling, toSeconds } from './text'

interface Change {
  key: StoreKey
  /** As they are spelled in the column. */
  seen: string
  body: string
  expires: number
  owner: string | null
  /** What those who follow are told. */
  news: string
}

/** Changes in one statement. They are locked together, for as long as it takes. */
const BATCH = 32

/** Larger bodies go alone: many of them together would be copied and escaped several times on their way. */
const LARGE = 16 * 1024

/** Compare-and-swap: one by one when alone, and what a turn of the event loop brings together in one statement. */
export class PostgresReplace {
  readonly #table: PostgresTable
  readonly #changes: Batcher<Change, Replaced>

  constructor(table: PostgresTable) {
    this.#table = table
    this.#changes = new Batcher(BATCH, (asked) => this.#send(asked))
  }

  async run(key: StoreKey, seen: string, entry: Entry, ending?: Ending): Promise<Replaced> {
    const before = new Spelling(seen)
    const after = new Spelling(entry.body)
    const expires = toSeconds(entry.expires)
    const news = payloadOf(key, expires <= this.#table.now(), ending)
    const change = { key, expires, owner: ownerOf(entry), news }
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

  #send(asked: Array<Asked<Change, Replaced>>): void {
    const firsts = new Map<StoreKey, Asked<Change, Replaced>>()
    for (const each of asked) {
      // A second change of one session waits for the first in the server.
      if (firsts.has(each.question.key)) each.resolve(this.#one(each.question))
      else firsts.set(each.question.key, each)
    }
    const together = [...firsts.values()]
    const [alone] = together
    if (alone && together.length === 1) alone.resolve(this.#one(alone.question))
    else void this.#many(together)
  }

  async #one({ key, seen, body, expires, owner, news }: Change): Promise<Replaced> {
    const values = [key, seen, body, expires, this.#table.now(), news]
    const { rows } = await this.#table.run('replace', this.#table.owners ? [...values, owner] : values)
    return rows[0] && replaced(rows[0])
  }

  async #many(asked: Array<Asked<Change, Replaced>>): Promise<void> {
    const wanted = asked.map(({ question: { key, seen, body, expires, owner, news } }) => {
      // JSON has no Infinity; the server takes the word.
      return { sid: key, seen, body, expire: String(expires), owner, news }
    })
    try {
      const values = [wanted.map(({ sid }) => sid), JSON.stringify(wanted), this.#table.now()]
      const { rows } = await this.#table.run('replaceAll', values)
      const answers = new Map(rows.map((row) => [String(row['sid']), replaced(row)]))
      for (const { question, resolve } of asked) resolve(answers.get(question.key))
    } catch (error) {
      // One whose body is refused takes the others with it; then each goes alone.
      if (isRefusedBody(error)) for (const { question, resolve } of asked) resolve(this.#one(question))
      else for (const { reject } of asked) reject(error)
    }
  }
}

/** NULL in every column of an entry is how the statement says that it wrote. */
function replaced(row: Record<string, unknown>): Replaced {
  return row['expires'] === null ? true : entryFromRow(row)
}
