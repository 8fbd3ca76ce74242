import { fingerprint } from '../../lib/base/ids'
import { update } from '../../lib/middleware/session'
import { Asked, type End } from './asked'
import type { Change } from './changes'
import { FakeRequest, FakeResponse } from './fakes'
import type { Step } from './scheduler'
import type { SessionWorld } from './world'

/** What one request does; see `programs.ts`. */
export interface Program {
  readonly name: string
  /** Most records it may write when nothing fails. */
  readonly sets: number
  /** Beyond that when its client leaves: it has work on both sides of a pause. */
  readonly setsAfterAbort?: number
  /** It gives its session a new id. */
  readonly renews?: boolean
  /** Its response ends when its client leaves. */
  readonly endless?: boolean
  /** It takes no session along. */
  readonly visitor?: boolean
  run(visit: Visit): unknown
}

export type ProgramBody = Omit<Program, 'name'>

export type Method = 'save' | 'destroy' | 'regenerate' | 'renewId' | 'reload'

/** One request: its program, what it did to sessions, and what its client was told. */
export class Visit {
  readonly req: FakeRequest
  readonly res: FakeResponse
  readonly changes: Change[] = []
  /** Lines that this visit has wanted to end: if that failed, it was told. */
  readonly endedLines = new Set<string>()
  /** Lines that this visit was told are gone. */
  readonly goneLines = new Set<string>()
  /** Changes that this visit has thrown away by loading its session again. */
  readonly forgone = new Set<Change>()
  started = false
  aborted = false
  /** Status of the response that arrived whole. */
  status: number | undefined = undefined
  /** Changes that a client was told are saved, and were not. */
  readonly unsaved: Change[] = []
  readonly errors: unknown[] = []
  readonly methods: Asked
  /** Counter updates by line: that succeeded, and that may have. */
  readonly updates = new Map<string, { sure: number; doubtful: number }>()
  /** How many of the changes the handler had made when it ended the response. */
  promised: number | undefined = undefined
  finished = false
  /** Somebody saw one half of a pair. */
  torn = false
  #resumes: Array<{ name: string; resume: () => void }> = []
  #pauses = 0

  constructor(
    readonly world: SessionWorld,
    readonly label: string,
    readonly program: Program,
  ) {
    this.methods = new Asked(world.calls)
    this.req = new FakeRequest(label, program.visitor ? undefined : world.seedCookie)
    this.res = new FakeResponse(
      () => {},
      (res) => world.acknowledged(this, res),
    )
  }

  /** Its client left before the response had arrived. */
  get left(): boolean {
    return this.aborted && this.status === undefined
  }

  get session(): any {
    return this.req.session
  }

  set(key: string, value: unknown = `${key} of ${this.label}`): void {
    this.session[key] = value
    this.note(key, value)
  }

  /** Two keys that are only ever set together. */
  setPair(value = this.label): void {
    this.set('x', value)
    this.set('y', value)
  }

  remove(key: string): void {
    delete this.session[key]
    this.note(key, undefined)
  }

  note(key: string, value: unknown): void {
    this.changes.push({ line: this.world.lines.of(this.session.id), key, value })
  }

  look(): void {
    if (this.session?.x !== this.session?.y) this.torn = true
  }

  /** The handler waits for something of its own. */
  pause(name = `${++this.#pauses}`): Promise<void> {
    return new Promise((resume) => {
      this.#resumes.push({ name, resume })
    })
  }

  async method(name: Method, session = this.session): Promise<void> {
    this.methods.ask()
    const line = this.world.lines.of(session.id)
    const { length } = this.changes
    const end = this.wantsEnd(name, line)
    const previous = session.id
    try {
      await session[name]()
      // Of a session that was never stored no event tells it.
      if (name === 'renewId') this.world.lines.renew(fingerprint(previous), fingerprint(session.id))
      this.done(name, line, length, end)
    } catch (error) {
      this.#isTold(error, line)
      throw error
    } finally {
      this.methods.answer()
    }
  }

  /** Begins a method that the handler does not wait for. */
  begin(name: Method, session = this.session): void {
    this.method(name, session).catch((error) => this.errors.push(error))
  }

  /** The same in express-session's way. */
  called(name: 'save' | 'destroy' | 'regenerate', then: (error?: unknown) => void): void {
    const { session } = this
    this.methods.ask()
    const line = this.world.lines.of(session.id)
    const { length } = this.changes
    const end = this.wantsEnd(name, line)
    session[name]((error?: unknown) => {
      this.methods.answer()
      if (!error) this.done(name, line, length, end)
      then(error)
    })
  }

  wantsEnd(name: string, line: string): End | undefined {
    if (name !== 'destroy' && name !== 'regenerate') return undefined
    this.endedLines.add(line)
    return this.methods.askedEnd()
  }

  #isTold(error: unknown, line: string): void {
    if ((error as { code?: string }).code === 'ERR_SESSION_GONE') this.goneLines.add(line)
  }

  /** @param changes how many had been made when it was asked for */
  done(name: string, line: string, changes: number, end?: End): void {
    if (name === 'save') this.world.mustBeSaved(this, changes)
    if (name === 'reload') for (const change of this.changes.slice(0, changes)) this.forgone.add(change)
    // Of one that is gone another may have the new id.
    if (end && !this.goneLines.has(line)) this.world.endedFor(line, end.callsBefore)
  }

  async count(change: (data: any) => unknown = increment): Promise<void> {
    this.methods.ask()
    const line = this.world.lines.of(this.session.id)
    const updates = this.updates.get(line) ?? { sure: 0, doubtful: 0 }
    this.updates.set(line, updates)
    updates.doubtful++
    try {
      await update(this.req, change)
      updates.doubtful--
      updates.sure++
    } catch (error) {
      this.#isTold(error, line)
      throw error
    } finally {
      this.methods.answer()
    }
  }

  /** The handler's own end of the response. */
  end(body = 'done'): void {
    this.promised ??= this.changes.length
    this.res.end(body)
  }

  fail(error: unknown): void {
    this.errors.push(error)
    if (this.res.writableEnded || this.res.destroyed) return
    if (this.res.headersSent) {
      this.res.destroy()
      return
    }
    this.res.statusCode = 500
    this.res.end('error')
  }

  start(): void {
    this.started = true
    this.world.middlewareOf(this)(this.req, this.res, (error?: unknown) => {
      if (error) {
        this.fail(error)
        return
      }
      const work = new Promise((resolve) => resolve(this.program.run(this)))
      work.then(
        () => {
          this.finished = true
        },
        (failed) => {
          this.finished = true
          this.fail(failed)
        },
      )
    })
  }

  steps(): Step[] {
    const step = (what: string, perform: () => void, scarce?: string): Step => ({
      id: `${this.label} ${what}`,
      kind: 'inside',
      owner: this.label,
      ...(scarce ? { scarce } : {}),
      perform: () => {
        this.world.calls.actor = this.label
        perform()
      },
    })
    if (!this.started) return [step('starts', () => this.start())]
    const steps = this.#resumes.map(({ name, resume }, index) =>
      step(`goes on ${name}`, () => {
        this.#resumes.splice(index, 1)
        resume()
      }),
    )
    const { calls } = this.world
    const { endless } = this.program
    if (!this.aborted && !this.res.closed && (endless || calls.left('aborts') > 0)) {
      const leave = () => {
        this.aborted = true
        if (!endless) calls.take('aborts')
        this.res.close()
      }
      steps.push(step('is left by its client', leave, endless ? undefined : 'abort'))
    }
    return steps
  }
}

function increment(data: any): void {
  data.n = (data.n ?? 0) + 1
}
