import { isPromise } from '../base/async'
import type { Guard } from './guard'
import { applyHeaders, type HeadArguments, type HookedResponse, splitHead } from './parts'
import { type Step, statusOfStep } from './steps'

/** One guard of a response, and which of the response's steps have passed it. */
export class Gate {
  readonly guard: Guard
  /** The gate of the guard that was there before: a step comes to it after this one. */
  readonly next: Gate | undefined
  /** Whether the guard was asked about the headers, and has put its own. */
  headers: 'unasked' | 'asked' | 'put' = 'unasked'
  /** The guard was asked about the end. */
  ended = false
  /** How many of the steps that wait have passed. */
  passed = 0
  /** The guard is at work on the step after those. */
  busy = false

  constructor(guard: Guard, next: Gate | undefined) {
    this.guard = guard
    this.next = next
  }

  /** @returns what the guard has to do before the step; a promise that rejects stops the response */
  ask(step: Step, res: HookedResponse): PromiseLike<void> | undefined {
    const { guard } = this
    const ending = step.kind === 'end'
    this.ended ||= ending
    try {
      if (this.headers === 'unasked') {
        this.headers = 'asked'
        return promiseOf(guard.beforeHeaders(ending, statusOfStep(step, res)))
      }
      if (ending) return promiseOf(guard.beforeEnd())
      return step.last ? promiseOf(guard.beforeLastByte()) : undefined
    } catch (error) {
      return Promise.reject(error)
    }
  }
}

function promiseOf(wait: void | PromiseLike<void>): PromiseLike<void> | undefined {
  return isPromise(wait) ? wait : undefined
}

/**
 * Puts the headers of all guards that were asked about them and have not put them yet.
 *
 * @param step that sends the headers
 * @returns the arguments for the response's own method
 */
export function putHeaders(res: HookedResponse, first: Gate, step: Step): HeadArguments {
  let { args } = step
  for (let gate: Gate | undefined = first; gate; gate = gate.next) {
    if (gate.headers !== 'asked') continue
    gate.headers = 'put'
    if (step.kind === 'head') {
      if (!gate.guard.hasHeaders) continue
      const { status, headers } = splitHead(args)
      applyHeaders(res, headers)
      args = status
    }
    gate.guard.putHeaders()
  }
  return args
}

/** @returns the first of the steps that wait, if it has passed all gates */
export function takePassed(first: Gate, steps: Step[]): Step | undefined {
  let gate: Gate | undefined
  for (gate = first; gate; gate = gate.next) if (gate.passed === 0) return undefined
  for (gate = first; gate; gate = gate.next) gate.passed--
  return steps.shift()
}

/** The response was stopped. The error page is another one, about whose headers all guards are asked again. */
export function resetGates(first: Gate, headersLeft: boolean): void {
  for (let gate: Gate | undefined = first; gate; gate = gate.next) {
    if (!headersLeft) gate.headers = 'unasked'
    gate.ended = false
    gate.passed = 0
    gate.busy = false
  }
}
