import { type Callback, settle } from '../base/async'
import { systemClock } from '../base/clock'
import { Exchange } from '../exchange/exchange'
import { cookieEnd } from '../record/expiry'
import { Cookie } from '../session/cookie'
import { LINK, type Session, type SessionData } from '../session/session'
import { Store } from '../session/store'
import { givenData, recordData } from './keys'
import type { OperationTable } from './operations'
import { EngineSession } from './session'
import { ShownState } from './state'

/** Under this name the data say how long this session lives. */
export const CUSTOM_DURATION = '__cust_dur'

/** The handlers of an engine as a store of express-session's kind, so that sessions are kept as in any other. */
export class HandlerStore extends Store {
  readonly #operations: OperationTable
  readonly #durationMs: number
  readonly #sign: (id: string) => string

  constructor(operations: OperationTable, durationMs: number, sign: (id: string) => string) {
    super()
    this.#operations = operations
    this.#durationMs = durationMs
    this.#sign = sign
  }

  override get(sid: string, callback: Callback<SessionData | null>): Promise<SessionData | null> {
    return settle(async () => {
      const found = await this.#read(sid)
      if (!found) return null
      const given = found[CUSTOM_DURATION]
      const durationMs = typeof given === 'number' && given > 0 ? given : this.#durationMs
      // Handlers keep no cookie, and know themselves when a record ends: one that they return is alive.
      const cookie = { originalMaxAge: durationMs, expires: new Date(systemClock() + durationMs) }
      return { ...recordData(found), cookie } as unknown as SessionData
    }, callback)
  }

  override set(sid: string, session: SessionData, callback?: Callback): Promise<void> {
    return settle(async () => {
      const stored = await this.#isStored(sid, session as unknown as Session)
      await this.#operations.require('write')(this.#shown(sid, session, stored))
    }, callback)
  }

  override touch(sid: string, session: SessionData, callback?: Callback): Promise<void> {
    return settle(async () => {
      await this.#operations.require('touch')(this.#shown(sid, session, true))
    }, callback)
  }

  override destroy(sid: string, callback?: Callback): Promise<void> {
    return settle(async () => {
      await this.#operations.require('destroy')(this.#bare(sid, true))
    }, callback)
  }

  async #read(sid: string): Promise<Record<string, unknown> | undefined> {
    const found = await this.#operations.require('read')(this.#bare(sid, false))
    return typeof found === 'object' && found !== null ? (found as Record<string, unknown>) : undefined
  }

  /** The request knows the record; or the id was just drawn, so that there is none; or the handler is asked. */
  async #isStored(sid: string, session: Session): Promise<boolean> {
    const link = session.req[LINK]
    const state = link instanceof Exchange ? link.state : undefined
    if (state?.known?.id === sid) return true
    return state?.drawnId === sid || state?.nextId === sid ? false : (await this.#read(sid)) !== undefined
  }

  #shown(sid: string, session: SessionData, stored: boolean): EngineSession {
    const { cookie } = session
    const durationMs = typeof cookie.originalMaxAge === 'number' ? cookie.originalMaxAge : this.#durationMs
    const expiresAt =
      cookieEnd(cookie instanceof Cookie ? cookie.expires : undefined) ?? systemClock() + durationMs
    return new EngineSession(
      new ShownState(sid, givenData(session), stored, { durationMs, expiresAt }, this.#sign),
    )
  }

  #bare(sid: string, stored: boolean): EngineSession {
    const times = { durationMs: this.#durationMs, expiresAt: systemClock() + this.#durationMs }
    return new EngineSession(new ShownState(sid, {}, stored, times, this.#sign))
  }
}
