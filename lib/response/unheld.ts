import { isPromise } from '../base/async'
import type { Gate } from './gate'
import type { Guard } from './guard'
import { ResponseHook } from './hook'
import type { HookedResponse } from './parts'
import type { Step } from './steps'

/**
 * Stands between a handler and an object in place of a response, as engine.io passes one for a WebSocket handshake:
 * its host takes the headers at the first `writeHead()` and may never end it. Nothing of it is held, except an `end`
 * that waits for the save; what fails is told as an event, since its host listens to `next` once.
 */
export class UnheldResponse extends ResponseHook {
  constructor(res: HookedResponse, guard: Guard) {
    super(res, guard)
    guard.letGo()
  }

  override add(guard: Guard): void {
    super.add(guard)
    guard.letGo()
  }

  head(args: unknown[]): unknown {
    return this.#send({ kind: 'head', args, last: false })
  }

  flush(): void {
    this.#send({ kind: 'flush', args: [], last: false })
  }

  writeChunk(args: unknown[]): unknown {
    return this.#send({ kind: 'write', args, last: false })
  }

  finish(args: unknown[]): unknown {
    if (this.ended) return this.res
    this.ended = true
    const step: Step = { kind: 'end', args, last: true }
    const saves: PromiseLike<void>[] = []
    for (let gate: Gate | undefined = this.gate; gate; gate = gate.next) {
      const wait = gate.guard.saveBeside(true, gate.headers === 'unasked')
      if (isPromise(wait)) saves.push(wait)
    }
    if (saves.length === 0) return this.#end(step)
    Promise.all(saves).then(() => this.#end(step))
    return this.res
  }

  #send(step: Step): unknown {
    for (let gate: Gate | undefined = this.gate; gate; gate = gate.next) {
      if (this.#askHeaders(gate)) gate.guard.decideAtOnce()
    }
    return this.perform(step)
  }

  #end(step: Step): unknown {
    for (let gate: Gate | undefined = this.gate; gate; gate = gate.next) {
      this.#askHeaders(gate)
      gate.ended = true
    }
    const returned = this.perform(step)
    this.tellClosed()
    return returned
  }

  #askHeaders(gate: Gate): boolean {
    if (gate.headers !== 'unasked') return false
    gate.headers = 'asked'
    this.headersDue = true
    return true
  }

  protected onClose(): void {
    if (!this.ended) this.tellClosed()
  }
}
