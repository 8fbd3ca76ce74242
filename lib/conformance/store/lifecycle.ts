import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { sleep, timers } from '../../base/timers'
import { uncaughtDuring } from '../uncaught'
import { until } from '../waiting'
import type { StoreCase, StoreContext } from './context'

const AFTERMATH_MS = 40

function callsOf(context: StoreContext): Array<[string, () => Promise<unknown>]> {
  const calls: Array<[string, () => Promise<unknown>]> = [
    ['get', () => context.ask('get', 's')],
    ['set', () => context.ask('set', 's', context.session('s'))],
    ['destroy', () => context.ask('destroy', 's')],
  ]
  if (context.capabilities.has('touch'))
    calls.push(['touch', () => context.ask('touch', 's', context.session('s'))])
  for (const method of ['all', 'length', 'clear'] as const) {
    if (context.capabilities.has(method)) calls.push([method, () => context.ask(method)])
  }
  return calls
}

const isFinding = (error: unknown) => error instanceof assert.AssertionError

async function answers(context: StoreContext): Promise<boolean> {
  return context.ask('get', 'probe').then(
    () => true,
    () => false,
  )
}

/** Down and up again, and closed; what the process feels of it. */
export const storeLifecycleCases: readonly StoreCase[] = [
  {
    name: 'a store that is down calls back with an error',
    grade: 'required',
    needs: ['faults'],
    async run(context) {
      await context.put('s')
      await context.handle.break?.()
      for (const [method, call] of callsOf(context)) {
        await assert.rejects(call(), (error) => error instanceof Error && !isFinding(error), method)
      }
      await context.handle.mend?.()
    },
  },
  {
    name: 'a store that was down recovers by itself',
    grade: 'required',
    needs: ['faults'],
    async run(context) {
      await context.put('s')
      await context.handle.break?.()
      assert.equal(await answers(context), false, 'while it is down')
      await context.handle.mend?.()
      await until('an answer after the store came back', context.patienceMs, () => answers(context))
      await context.put('s', { again: 1 })
      await context.assertFound('s', { again: 1 })
    },
  },
  {
    name: 'a store whose very first call met a dead server works when the server is back',
    grade: 'recommended',
    needs: ['faults'],
    async run(context) {
      await context.handle.break?.()
      assert.equal(await answers(context), false, 'while it is down')
      await context.handle.mend?.()
      await until('an answer after the store came back', context.patienceMs, () => answers(context))
      await context.put('s', { a: 1 })
      await context.assertFound('s', { a: 1 })
    },
  },
  {
    name: 'a call that fails without a callback does not end the process',
    grade: 'recommended',
    needs: ['faults'],
    async run(context) {
      const { store, capabilities } = context
      await context.put('s')
      await context.handle.break?.()
      const caught = await uncaughtDuring(async () => {
        store.set('s', context.session('s'))
        if (capabilities.has('touch')) store.touch?.('s', context.session('s'))
        store.destroy('s')
        // The last one waited for: whatever hangs on the connection has failed by then.
        await answers(context)
        await sleep(AFTERMATH_MS)
      })
      await context.handle.mend?.()
      assert.deepEqual(caught, [])
    },
  },
  {
    name: 'errors say with a code that it was the store, and carry the cause',
    grade: 'optional',
    needs: ['faults', 'codes'],
    async run(context) {
      await context.put('s')
      await context.handle.break?.()
      for (const [method, call] of callsOf(context)) {
        const error = await call().then(
          () => undefined,
          (failure: unknown) => failure as { code?: unknown; cause?: unknown; message?: unknown },
        )
        assert.equal(error?.code, 'ERR_SESSION_STORE', method)
        assert.ok(error?.cause instanceof Error, `${method}: a cause`)
      }
      await context.handle.mend?.()
    },
  },
  {
    name: 'close may be called twice',
    grade: 'optional',
    needs: ['close'],
    async run(context) {
      await context.put('s')
      const store = context.store as unknown as { close(): unknown }
      const close = async () => store.close()
      await assert.doesNotReject(Promise.all([close(), close()]), 'twice at once')
      await assert.doesNotReject(close(), 'once more')
    },
  },
  {
    name: 'a client that was given stays open after close',
    grade: 'optional',
    needs: ['close', 'givenClient'],
    async run(context) {
      await context.put('s')
      await (context.store as unknown as { close(): unknown }).close()
      assert.equal(await context.handle.clientWorks?.(), true)
    },
  },
  {
    name: 'a process that only makes a store exits by itself',
    grade: 'recommended',
    needs: ['script'],
    async run(context) {
      // The flags of this process, for loaders; not those that would make the child a test run.
      const flags = process.execArgv.filter((flag) => !flag.startsWith('--test'))
      const child = spawn(process.execPath, [...flags, '-e', context.script ?? ''], {
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      let complaint = ''
      child.stderr.on('data', (chunk) => {
        complaint += String(chunk)
      })
      const limit = timers.setTimeout(() => child.kill('SIGKILL'), context.patienceMs)
      const [code, signal] = await once(child, 'exit')
      timers.clearTimeout(limit)
      assert.equal(signal, null, `it did not exit within ${context.patienceMs} ms`)
      assert.equal(code, 0, complaint)
    },
  },
]
