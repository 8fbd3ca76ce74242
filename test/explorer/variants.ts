import type { Entry } from '../../lib/backend/contract'
import type { Arrival, Calls } from './calls'
import { ScriptedBackend } from './scripted-backend'
import { ScriptedStore } from './scripted-store'

/** Turns the live session into text when the write happens, as stores do that wait for a connection first. */
export class LateTextStore extends ScriptedStore {
  override set(sid: string, session: any, done?: any): void {
    this.calls.arrive({
      verb: 'set',
      key: sid,
      writes: true,
      by: session.req?.label,
      text: () => JSON.stringify(session),
      done,
      effect: () => this.write(sid, JSON.stringify(session)),
    })
  }
}

/** One that express-session's own methods were inherited by, which know nothing of ours. */
export class ExpressStore extends ScriptedStore {}
const theirs = require('express-session').Store.prototype
for (const name of ['regenerate', 'load', 'createSession']) {
  Object.defineProperty(ExpressStore.prototype, name, {
    value: theirs[name],
    configurable: true,
    writable: true,
  })
}

/** Does everything before it returns, as stores in memory do. */
export class SyncStore extends ScriptedStore {
  constructor(calls: Calls) {
    super(atOnce(calls))
  }
}

/** Reads at once, so that what is left to the schedule is who writes when, and who waits meanwhile. */
export class QuickReadBackend extends ScriptedBackend {
  override read(key: string): any {
    return this.live(key)
  }
}

/** Answers at once, so that requests stay synchronous. */
export class SyncBackend extends ScriptedBackend {
  override read(key: string): any {
    return this.live(key)
  }

  override create(key: string, entry: Entry): any {
    return this.#now('create', key, () => this.make(key, entry), entry.body)
  }

  override replace(key: string, seen: string, entry: Entry): any {
    const text = entry.expires > Date.now() ? entry.body : undefined
    return this.#now('replace', key, () => this.swap(key, seen, entry), text)
  }

  override remove(key: string): any {
    return this.#now('remove', key, () => this.drop(key))
  }

  override extend(key: string, expires: number): any {
    return this.#now('extend', key, () => this.move(key, expires))
  }

  #now<T>(verb: string, key: string, effect: () => T, text?: string): T {
    let answer: T | undefined
    const done = (_error?: unknown, value?: T) => {
      answer = value
    }
    const call = { verb, key, writes: true, effect, done, ...(text === undefined ? {} : { text }) }
    this.calls.arrive(call)
    this.calls.finish()
    return answer as T
  }
}

/** The same calls, each happening and answered as it arrives. */
function atOnce(calls: Calls): Calls {
  return Object.create(calls, {
    arrive: {
      value: (arrival: Arrival) => {
        calls.arrive(arrival)
        calls.finish()
      },
    },
  })
}
