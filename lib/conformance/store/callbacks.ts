import assert from 'node:assert/strict'
import { sleep } from '../../base/timers'
import { uncaughtDuring } from '../uncaught'
import { until, within } from '../waiting'
import type { StoreCase, StoreContext, StoreUnderTest } from './context'

/** Time for a second call of a callback, or for an error that reaches the process, to show itself. */
const AFTERMATH_MS = 40

type Call = (callback: (...answer: unknown[]) => void) => unknown

/** Every method that the store has, on a session that is there (`s`) or is not (`nobody`). */
function callsOf(context: StoreContext, sid: string): Map<string, Call> {
  const { store, capabilities } = context
  const calls = new Map<string, Call>([
    ['get', (callback) => store.get(sid, callback)],
    ['set', (callback) => store.set(sid, context.session(sid), callback)],
  ])
  if (capabilities.has('touch')) calls.set('touch', (done) => store.touch?.(sid, context.session(sid), done))
  for (const method of ['all', 'length', 'clear'] as const) {
    if (capabilities.has(method)) calls.set(method, (callback) => store[method]?.(callback))
  }
  calls.set('destroy', (callback) => store.destroy(sid, callback))
  return calls
}

/** The middleware goes on in these callbacks: how they are called is how requests go on. */
export const storeCallbackCases: readonly StoreCase[] = [
  {
    name: 'every callback is called once',
    grade: 'required',
    async run(context) {
      for (const sid of ['s', 'nobody']) {
        for (const [method, call] of callsOf(context, sid)) {
          if (sid === 's') await context.put('s')
          let times = 0
          const first = new Promise<void>((resolve) => {
            call(() => {
              times++
              resolve()
            })
          })
          await within(method, context.patienceMs, () => first)
          await sleep(2)
          assert.equal(times, 1, method)
        }
      }
    },
  },
  {
    name: 'no callback is called before the call has returned',
    grade: 'recommended',
    async run(context) {
      for (const [method, call] of callsOf(context, 's')) {
        await context.put('s')
        let returned = false
        const early = await new Promise((resolve) => {
          call(() => resolve(!returned))
          returned = true
        })
        assert.equal(early, false, `${method} called back in the same turn`)
      }
    },
  },
  {
    name: 'a callback of get that throws is not called again, and what it throws reaches the process',
    grade: 'recommended',
    async run(context) {
      await context.put('s')
      await throwing(context, (callback) => context.store.get('s', callback))
    },
  },
  {
    name: 'a callback of set, touch or destroy that throws is not called again, and what it throws reaches the process',
    grade: 'recommended',
    async run(context) {
      await context.put('s')
      const { store, capabilities } = context
      await throwing(context, (callback) => store.set('s', context.session('s'), callback))
      if (capabilities.has('touch')) {
        await throwing(context, (callback) => store.touch?.('s', context.session('s'), callback))
      }
      await throwing(context, (callback) => store.destroy('s', callback))
    },
  },
  {
    name: 'set, touch and destroy work without a callback',
    grade: 'required',
    async run(context) {
      const { store, capabilities } = context
      await context.put('touched')
      const caught = await uncaughtDuring(async () => {
        // Not the one that is destroyed: nobody can say when a touch without a callback is done.
        if (capabilities.has('touch')) store.touch?.('touched', context.session('touched'))
        store.set('s', context.session('s', { a: 1 }))
        await eventually(context, 's', true)
        store.destroy('s')
        await eventually(context, 's', false)
        await sleep(AFTERMATH_MS)
      })
      assert.deepEqual(caught, [])
    },
  },
  {
    name: 'touch and destroy of a session that is not there work without a callback',
    grade: 'recommended',
    async run(context) {
      const { store, capabilities } = context
      const caught = await uncaughtDuring(async () => {
        store.destroy('nobody')
        if (capabilities.has('touch')) store.touch?.('nobody', context.session('nobody'))
        await sleep(AFTERMATH_MS)
      })
      assert.deepEqual(caught, [])
    },
  },
  {
    name: 'without a callback a method gives a promise of what it would call back with',
    grade: 'optional',
    needs: ['promises'],
    async run(context) {
      // biome-ignore lint/complexity/noBannedTypes: any method of the store
      const store = context.store as unknown as Record<keyof StoreUnderTest, Function>
      const session = context.session('s', { a: 1 })
      await store.set('s', session)
      assert.equal((await store.get('s')).a, 1)
      assert.equal((await store.get('nobody')) ?? undefined, undefined)
      if (context.capabilities.has('touch')) await store.touch('s', session)
      if (context.capabilities.has('length')) assert.equal(await store.length(), 1)
      if (context.capabilities.has('all')) assert.equal(typeof (await store.all()), 'object')
      await store.destroy('s')
      assert.equal((await store.get('s')) ?? undefined, undefined)
      if (context.capabilities.has('clear')) await store.clear()
      // A promise that nobody waits for ends no process when it fails.
      const caught = await uncaughtDuring(async () => {
        store.set('circle', context.session('circle', circle()))
        await sleep(AFTERMATH_MS)
      })
      assert.deepEqual(caught, [])
    },
  },
  {
    name: 'a session that JSON cannot write is an error of the callback, and the one of before stays',
    grade: 'recommended',
    async run(context) {
      await context.put('s', { a: 1 })
      const broken = context.session('s', circle())
      await assert.rejects(
        context.ask('set', 's', broken),
        (error) => !(error instanceof assert.AssertionError),
      )
      await assert.doesNotReject(
        new Promise<void>((resolve, reject) => {
          try {
            context.store.set('s', broken, () => resolve())
          } catch {
            reject(new Error('it was thrown at the caller, who has a callback for it'))
          }
        }),
      )
      await context.assertFound('s', { a: 1 })
    },
  },
]

function circle(): object {
  const data: Record<string, unknown> = {}
  data['round'] = data
  return data
}

async function eventually(context: StoreContext, sid: string, there: boolean): Promise<void> {
  await until(`the session is ${there ? 'there' : 'gone'}`, context.patienceMs, async () => {
    return ((await context.get(sid)) !== undefined) === there
  })
}

async function throwing(context: StoreContext, call: Call): Promise<void> {
  const mine = new Error('thrown by the callback')
  let times = 0
  const caught = await uncaughtDuring(async (soFar) => {
    try {
      call(() => {
        times++
        throw mine
      })
    } catch (error) {
      soFar.push(error)
    }
    await until('the callback is called', context.patienceMs, () => times > 0)
    await sleep(AFTERMATH_MS)
  })
  assert.equal(times, 1, 'calls of the callback')
  assert.deepEqual(caught, [mine], 'what reached the process')
}
