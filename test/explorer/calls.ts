import type { Step } from './scheduler'

/** A call of the store as it comes in. */
export interface Arrival {
  readonly verb: string
  readonly key: string
  readonly writes: boolean
  /** The request whose session was handed over, where the store can see it. */
  readonly by?: string
  /** The record that is to be written, where it is taken only when that happens. */
  readonly text?: string | (() => string)
  readonly done: ((error?: unknown, value?: any) => void) | undefined
  effect(): unknown
}

export interface Call extends Omit<Arrival, 'text'> {
  readonly id: string
  /** The record that is to be written, or was. */
  text: string | undefined
  /** The request whose code made the call. */
  readonly actor: string
  readonly arrivedAt: number
  state: 'arrived' | 'effected' | 'answered' | 'silent'
  tookEffect: boolean
  failed: boolean
  value: unknown
  readonly late: (() => string) | undefined
}

/** How often each kind of misfortune may happen in one schedule. */
export interface Faults {
  /** A call fails, with or without having taken effect. */
  failures?: number
  /** A call is never answered, whether it took effect or not. */
  silences?: number
  /** A call is answered twice. */
  repeats?: number
  /** A client leaves. */
  aborts?: number
  /** A timer runs out. */
  timeouts?: number
}

/** The calls of one schedule: what has arrived, what of it has happened, what was answered. */
export class Calls {
  readonly all: Call[] = []
  readonly failures: Call[] = []
  /** Records that were ended, and what was written under such a key afterwards. */
  readonly ended = new Set<string>()
  readonly revived: string[] = []
  /** Writes that came while another of the same record was not answered. */
  readonly crossed: string[] = []
  /** Longest time between the asking for a write that has happened out of order and for one that came before it. */
  overtakenMs = -1
  /** Every text that has stood in the store. */
  readonly texts: string[] = []
  /** How many there were before the step that is being taken. */
  before = 0
  /** Whose code runs. */
  actor = ''
  #left: Required<Faults>
  readonly #names = new Map<string, string>()
  readonly #counts = new Map<string, number>()

  constructor(faults: Faults = {}) {
    this.#left = { failures: 0, silences: 0, repeats: 0, aborts: 0, timeouts: 0, ...faults }
  }

  arrive(arrival: Arrival): void {
    const { actor } = this
    const count = (this.#counts.get(actor) ?? 0) + 1
    this.#counts.set(actor, count)
    const id = `${actor}.${count} ${arrival.verb} ${this.nameOf(arrival.key)}`
    // Touches of one session need not wait for each other.
    const crosses = ({ verb, state }: Call) =>
      state !== 'answered' && !(verb === 'touch' && arrival.verb === 'touch')
    if (arrival.writes && this.#others(arrival.key).some(crosses)) this.crossed.push(id)
    this.all.push({
      ...arrival,
      text: typeof arrival.text === 'function' ? arrival.text() : arrival.text,
      late: typeof arrival.text === 'function' ? arrival.text : undefined,
      id,
      actor,
      arrivedAt: Date.now(),
      state: 'arrived',
      tookEffect: false,
      failed: false,
      value: undefined,
    })
  }

  /** Ids are random; a schedule's words must not be. */
  nameOf(key: string): string {
    let name = this.#names.get(key)
    if (!name) {
      name = `${this.actor}'s${[...this.#names.values()].filter((one) => one.startsWith(this.actor)).length || ''}`
      this.#names.set(key, name)
    }
    return name
  }

  name(key: string, name: string): void {
    this.#names.set(key, name)
  }

  steps(): Step[] {
    return this.all.flatMap((call) => {
      if (call.state === 'arrived') return this.#effects(call)
      if (call.state === 'effected') return [this.#answer(call, 'answers')]
      return call.state === 'answered' && this.#left.repeats > 0 ? [this.#answerAgain(call)] : []
    })
  }

  /** The call that has just arrived happens and is answered. */
  finish(): void {
    const call = this.all.at(-1)
    if (!call) return
    this.#happen(call, '')
    call.state = 'answered'
    call.done?.(null, call.value)
  }

  take(allowance: keyof Faults): boolean {
    if (this.#left[allowance] <= 0) return false
    this.#left[allowance]--
    return true
  }

  left(allowance: keyof Faults): number {
    return this.#left[allowance]
  }

  wrote(key: string, text: string): void {
    this.texts.push(text)
    if (this.ended.has(key)) this.revived.push(this.nameOf(key))
  }

  dropped(key: string): void {
    this.ended.add(key)
  }

  moved(_key: string): void {}

  /** The writes of one record, as they came. */
  #others(key: string): Call[] {
    return this.all.filter((call) => call.writes && call.key === key)
  }

  #effects(call: Call): Step[] {
    const steps = [this.#effect(call, '', call.writes)]
    if (this.#left.failures > 0) {
      steps.push(this.#effect(call, ' fails', false), this.#effect(call, ' happens, then fails', call.writes))
    }
    if (this.#left.silences > 0) {
      steps.push(
        this.#effect(call, ' is lost', false),
        this.#effect(call, ' happens, unanswered', call.writes),
      )
    }
    return steps
  }

  #effect(call: Call, how: string, writes: boolean): Step {
    const fault = how !== ''
    return {
      id: `${call.id}${how || ' happens'}`,
      kind: 'effect',
      owner: call.actor,
      call: call.id,
      key: this.nameOf(call.key),
      writes,
      ...(fault ? { scarce: 'fault' } : {}),
      perform: () => this.#happen(call, how),
    }
  }

  #happen(call: Call, how: string): void {
    const fails = how.endsWith('fails')
    if (fails) this.take('failures')
    else if (how) this.take('silences')
    if (how) this.failures.push(call)
    call.state = how && !fails ? 'silent' : 'effected'
    call.failed = fails
    if (how === ' fails' || how === ' is lost') return
    const later = this.#others(call.key).slice(this.#others(call.key).indexOf(call) + 1)
    for (const { tookEffect, arrivedAt } of call.writes ? later : []) {
      if (tookEffect) this.overtakenMs = Math.max(this.overtakenMs, arrivedAt - call.arrivedAt)
    }
    if (call.late) call.text = call.late()
    call.value = call.effect()
    call.tookEffect = true
  }

  #answerAgain(call: Call): Step {
    const { perform, ...step } = this.#answer(call, 'answers again')
    return {
      ...step,
      scarce: 'repeat',
      perform: () => {
        this.take('repeats')
        perform()
      },
    }
  }

  #answer(call: Call, how: string): Step {
    return {
      id: `${call.id} ${how}`,
      kind: 'inside',
      owner: call.actor,
      call: call.id,
      perform: () => {
        call.state = 'answered'
        this.actor = call.actor
        if (call.failed) call.done?.(new Error('the store is out of order'))
        else call.done?.(null, call.value)
      },
    }
  }
}
