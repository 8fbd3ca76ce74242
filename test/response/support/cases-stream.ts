import { pipeline, Readable, type Writable } from 'node:stream'
import { type Case, later } from './case'

export const STREAMS: Case[] = [
  { name: 'a piped stream', run: (p) => void blocks(64, 16_384).pipe(p.res) },
  {
    name: 'a piped stream that comes slowly',
    run: (p) => {
      Readable.from(
        (async function* () {
          for (let i = 0; i < 5; i++) {
            await later()
            yield `part ${i}\n`
          }
        })(),
      ).pipe(p.res)
    },
  },
  {
    name: 'pipeline()',
    run: (p) => void pipeline(blocks(20, 60_000), p.res as Writable, p.callback('pipeline')),
  },
  {
    name: 'pipeline() of a generator',
    run: (p) =>
      void pipeline(
        async function* () {
          yield 'a'
          await later()
          yield Buffer.alloc(100_000, 'b')
          yield 'c'
        },
        p.res as Writable,
        p.callback('pipeline'),
      ),
  },
  {
    name: 'writes that wait for drain',
    run: async (p) => {
      for (let i = 0; i < 10; i++) {
        if (!p.res.write(Buffer.alloc(50_000, String(i)))) {
          await new Promise((resolve) => p.res.once('drain', resolve))
        }
      }
      p.end()
    },
  },
]

/** `count` blocks of `size` bytes that differ from each other. */
export function blocks(count: number, size: number): Readable {
  let made = 0
  return new Readable({
    read() {
      if (made === count) this.push(null)
      else this.push(Buffer.alloc(size, `${made++}.`))
    },
  })
}
