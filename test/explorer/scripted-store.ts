import { Store } from '../../lib/session/store'
import type { Calls } from './calls'

type Done = (error?: unknown, value?: any) => void

/**
 * A store of express-session's kind in which nothing happens by itself: each call arrives, takes effect and is
 * answered when the schedule says so.
 */
export class ScriptedStore extends Store {
  readonly rows = new Map<string, string>()

  constructor(readonly calls: Calls) {
    super()
  }

  override get(sid: string, done: Done): void {
    this.calls.arrive({ verb: 'get', key: sid, writes: false, done, effect: () => this.read(sid) })
  }

  override set(sid: string, session: any, done?: Done): void {
    const text = JSON.stringify(session)
    const by = session.req?.label
    this.calls.arrive({
      verb: 'set',
      key: sid,
      writes: true,
      by,
      text,
      done,
      effect: () => this.write(sid, text),
    })
  }

  override destroy(sid: string, done?: Done): void {
    this.calls.arrive({ verb: 'destroy', key: sid, writes: true, done, effect: () => this.drop(sid) })
  }

  override touch(sid: string, session: any, done?: Done): void {
    const { cookie } = JSON.parse(JSON.stringify(session))
    const by = session.req?.label
    this.calls.arrive({
      verb: 'touch',
      key: sid,
      writes: true,
      by,
      done,
      effect: () => this.move(sid, cookie),
    })
  }

  protected read(sid: string): unknown {
    const text = this.rows.get(sid)
    return text === undefined ? null : JSON.parse(text)
  }

  protected write(sid: string, text: string): void {
    this.rows.set(sid, text)
    this.calls.wrote(sid, text)
  }

  protected drop(sid: string): void {
    this.rows.delete(sid)
    this.calls.dropped(sid)
  }

  /** As express-session's MemoryStore: the cookie of the toucher goes over the one that is there. */
  protected move(sid: string, cookie: object): void {
    const text = this.rows.get(sid)
    if (text === undefined) return
    this.rows.set(sid, JSON.stringify({ ...JSON.parse(text), cookie }))
    this.calls.moved(sid)
  }
}
