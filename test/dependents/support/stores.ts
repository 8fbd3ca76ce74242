import { setTimeout as sleep } from 'node:timers/promises'
import type { Side } from './sides'

type Done = ((error?: unknown, value?: unknown) => void) | undefined

/** A store written for express-session that answers after some milliseconds, as one beyond a network does. */
export function lateStore(side: Side, lateMs = 8): any {
  class LateStore extends side.session.Store {
    readonly rows = new Map<string, string>()
    /** What `set` answers, when it is to fail. */
    failure: Error | undefined
    #underWay = 0

    get(sid: string, done: Done): void {
      const row = this.rows.get(sid)
      this.answer(done, () => row && JSON.parse(row))
    }

    set(sid: string, session: unknown, done?: Done): void {
      const row = JSON.stringify(session)
      this.answer(done, () => {
        if (this.failure) throw this.failure
        this.rows.set(sid, row)
      })
    }

    destroy(sid: string, done?: Done): void {
      this.answer(done, () => void this.rows.delete(sid))
    }

    touch(sid: string, session: { cookie: unknown }, done?: Done): void {
      const cookie = JSON.parse(JSON.stringify(session.cookie))
      this.answer(done, () => {
        const row = this.rows.get(sid)
        if (row) this.rows.set(sid, JSON.stringify({ ...JSON.parse(row), cookie }))
      })
    }

    /** When nothing is under way any more. */
    async idle(): Promise<void> {
      while (this.#underWay > 0) await sleep(1)
    }

    answer(done: Done, work: () => unknown): void {
      this.#underWay += 1
      setTimeout(() => {
        this.#underWay -= 1
        let value: unknown
        try {
          value = work()
        } catch (error) {
          done?.(error)
          return
        }
        done?.(null, value)
      }, lateMs)
    }
  }
  return new LateStore()
}
