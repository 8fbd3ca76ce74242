import assert from 'node:assert/strict'
import { inTime } from '../waiting'
import type { StoreCase, StoreContext } from './context'

const SOON_MS = 30
const DAY_MS = 86_400_000

function endOf(session: Record<string, unknown> | undefined): number {
  const { expires } = (session?.['cookie'] ?? {}) as { expires?: string | Date }
  return new Date(expires ?? NaN).getTime()
}

async function passed(context: StoreContext): Promise<void> {
  await context.pass(SOON_MS + (context.handle.resolutionMs ?? 1))
}

/** A session is there until its cookie ends, whoever has or has not cleaned up; `touch` moves that and nothing else. */
export const storeExpiryCases: readonly StoreCase[] = [
  {
    name: 'a session whose time has passed is not given away',
    grade: 'required',
    needs: ['fineTime'],
    async run(context) {
      await context.put('s', { a: 1 }, context.now() + SOON_MS)
      await context.put('stays', { a: 1 })
      await passed(context)
      await context.assertAbsent('s')
      await context.assertFound('stays', { a: 1 })
      await context.put('s', { b: 2 })
      await context.assertFound('s', { b: 2 }, 'the id may be used again')
    },
  },
  {
    name: 'a session whose cookie has ended already when it is set is not given away',
    grade: 'required',
    async run(context) {
      for (const ms of [2000, 60_000, 400 * DAY_MS]) {
        await context.put(`s${ms}`, { a: 1 }, context.now() - ms)
        await context.assertAbsent(`s${ms}`, `ended ${ms} ms ago`)
      }
      await context.put('s', { a: 1 })
      await context.put('s', { a: 2 }, context.now() - 2000)
      await context.assertAbsent('s', 'the last set counts')
    },
  },
  {
    name: 'a cookie that ends later than in 2^31 milliseconds has not ended',
    grade: 'required',
    async run(context) {
      for (const days of [25, 60, 3650]) {
        await context.put(`s${days}`, { days }, context.now() + days * DAY_MS)
        await context.assertFound(`s${days}`, { days })
        // A timer set for longer than 2^31 ms fires after 1 ms.
        await context.pass(5)
        await context.assertFound(`s${days}`, { days }, `${days} days, a moment later`)
      }
    },
  },
  {
    name: 'a session without an end is kept, and can be destroyed',
    grade: 'required',
    async run(context) {
      await context.put('s', { a: 1 }, Infinity)
      await context.pass(5)
      await context.assertFound('s', { a: 1 })
      await context.ask('destroy', 's')
      await context.assertAbsent('s')
    },
  },
  {
    name: 'set moves the end, and no end of before clings to the session',
    grade: 'required',
    needs: ['fineTime'],
    async run(context) {
      for (const sid of ['later', 'never']) await context.put(sid, { a: 1 }, context.now() + SOON_MS)
      await context.put('later', { a: 2 }, context.now() + DAY_MS)
      await context.put('never', { a: 2 }, Infinity)
      await passed(context)
      await context.assertFound('later', { a: 2 })
      await context.assertFound('never', { a: 2 })
    },
  },
  {
    name: 'touch moves the end forwards',
    grade: 'recommended',
    needs: ['touch', 'fineTime'],
    async run(context) {
      const { word, leftMs } = await inTime(
        () => context.now(),
        async (soon, sid) => {
          await context.put(sid, { a: 1 }, soon)
          await context.put(`untouched ${sid}`, { a: 1 }, soon)
          await context.ask('touch', sid, context.session(sid, { a: 1 }, context.now() + DAY_MS))
        },
      )
      await context.pass(leftMs + (context.handle.resolutionMs ?? 1))
      await context.assertFound(word, { a: 1 })
      await context.assertAbsent(`untouched ${word}`)
    },
  },
  {
    name: 'touch moves the end backwards',
    grade: 'recommended',
    needs: ['touch'],
    async run(context) {
      await context.put('s', { a: 1 })
      await context.ask('touch', 's', context.session('s', { a: 1 }, context.now() - 2000))
      await context.assertAbsent('s')
    },
  },
  {
    name: 'touch of a session that is not there creates nothing',
    grade: 'recommended',
    needs: ['touch'],
    async run(context) {
      // Whether that is an error is the store's choice.
      await context.ask('touch', 'nobody', context.session('nobody')).catch(assertNoHang)
      await context.assertAbsent('nobody')
      await context.put('s')
      await context.ask('destroy', 's')
      await context.ask('touch', 's', context.session('s')).catch(assertNoHang)
      await context.assertAbsent('s')
    },
  },
  {
    name: 'touch does not bring back a session that is destroyed at the same time',
    grade: 'recommended',
    needs: ['touch'],
    async run(context) {
      for (let round = 0; round < 20; round++) {
        const sid = `s${round}`
        await context.put(sid)
        const touch = () => context.ask('touch', sid, context.session(sid)).catch(assertNoHang)
        const calls = [touch, touch]
        calls.splice(round % 3, 0, () => context.ask('destroy', sid))
        await Promise.all(calls.map((call) => call()))
        await context.assertAbsent(sid, `round ${round}`)
      }
    },
  },
  {
    name: 'touch does not bring back a session whose time has passed',
    grade: 'recommended',
    needs: ['touch'],
    async run(context) {
      await context.put('s', { a: 1 }, context.now() - 5000)
      await context
        .ask('touch', 's', context.session('s', { a: 1 }, context.now() + DAY_MS))
        .catch(assertNoHang)
      await context.assertAbsent('s')
    },
  },
  {
    name: 'touch leaves the data in the store as they are',
    grade: 'recommended',
    needs: ['touch'],
    async run(context) {
      await context.put('s', { theirs: 1 })
      await context.ask('touch', 's', context.session('s', { mine: 1 }))
      await context.assertFound('s', { theirs: 1 })
    },
  },
  {
    name: 'after touch, get shows the new end',
    grade: 'optional',
    needs: ['touch'],
    async run(context) {
      const expires = Math.ceil((context.now() + 2 * DAY_MS) / 1000) * 1000
      await context.put('s', { a: 1 })
      const started = performance.now()
      await context.ask('touch', 's', context.session('s', { a: 1 }, expires))
      const shown = endOf(await context.get('s'))
      const off = Math.abs(Number(shown) - expires)
      // In a store that keeps remaining time an end moves by what the calls waited on their way.
      const waitedMs = performance.now() - started
      assert.ok(off <= (context.handle.resolutionMs ?? 1) + waitedMs, `the new end, not ${shown}`)
    },
  },
]

function assertNoHang(error: unknown): void {
  if (error instanceof assert.AssertionError) throw error
}
