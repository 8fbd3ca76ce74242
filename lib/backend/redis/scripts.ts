import { createHash } from 'node:crypto'
import { isErrorReply } from './errors'
import type { RedisLink } from './link'

/** Lua for what no single command does, sent once and called by its hash from then on. */
export class RedisScript {
  readonly #source: string
  readonly #sha: string

  constructor(source: string) {
    this.#source = source
    this.#sha = createHash('sha1').update(source).digest('hex')
  }

  /** All keys must live in the slot of the first. Servers forget scripts (restart, fail-over): it is sent again then. */
  run(link: RedisLink, keys: string[], args: string[]): Promise<unknown>
  /** @param then what becomes of the answer, without another promise for it */
  run<T>(link: RedisLink, keys: string[], args: string[], then: (answer: unknown) => T): Promise<T>
  run<T>(link: RedisLink, keys: string[], args: string[], then?: (answer: unknown) => T): Promise<unknown> {
    const [first = ''] = keys
    const words = ['EVALSHA', this.#sha, String(keys.length), ...keys, ...args]
    return link.send(first, words).then(then, (error) => {
      if (!isErrorReply(error, 'NOSCRIPT')) throw error
      return link.send(first, ['EVAL', this.#source, ...words.slice(2)]).then(then)
    })
  }
}
