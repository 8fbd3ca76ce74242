import { refuseHeaders } from './refusals'
import type { HookedResponse } from './response-parts'

/** What a held response looks like to its handler: as sent, and as ended as the handler has made it. */
export interface Held {
  /** How many other holds of this response stand between this one and Node. */
  readonly depth: number
  readonly ended: boolean
  readonly full: boolean
}

/** Methods that Node refuses once headers are sent, and its word for each. */
const HEADER_METHODS = {
  setHeader: 'set',
  setHeaders: 'set',
  appendHeader: 'append',
  removeHeader: 'remove',
} as const

const MASK: unique symbol = Symbol('sojourn.mask')

type Masked = HookedResponse & { [MASK]?: Mask }

/**
 * Own properties over those of a response, as long as anybody holds it. Several may: each session middleware on
 * a response holds it by itself, and they do not let go in any order.
 */
class Mask {
  readonly holders = new Set<Held>()
  /** Who is letting calls through to the bare response. */
  readonly lifters: Held[] = []
  #before: Before | undefined = undefined
  readonly #res: HookedResponse

  constructor(res: HookedResponse) {
    this.#res = res
  }

  lift(held: Held): void {
    this.lifters.push(held)
    this.apply()
  }

  lower(): void {
    this.lifters.pop()
    this.apply()
  }

  apply(): void {
    const wanted = this.holders.size > 0 && this.lifters.length === 0
    if (wanted && !this.#before) this.#before = putOver(this.#res)
    else if (!wanted && this.#before) {
      putBack(this.#res, this.#before)
      this.#before = undefined
    }
  }

  some(is: (held: Held) => boolean): boolean {
    for (const held of this.holders) if (is(held)) return true
    return false
  }
}

const isEnded = (held: Held) => held.ended
const isFull = (held: Held) => held.full

/**
 * The same functions for all responses, which find their mask by `this`: made anew for each, every response would
 * be an object of a kind of its own to the engine, and that costs a request more than all else that is done here.
 */
const ended = {
  configurable: true,
  get(this: Masked) {
    return this[MASK]?.some(isEnded) ?? false
  },
}
const PROPERTIES: ReadonlyArray<[name: string, property: PropertyDescriptor]> = [
  ['headersSent', { configurable: true, get: () => true }],
  ['writableEnded', ended],
  ['finished', ended],
  // Derived by Node from `finished`, which is ahead of the truth here.
  ['writableFinished', { configurable: true, get: () => false }],
  [
    'writableNeedDrain',
    {
      configurable: true,
      get(this: Masked) {
        return !this[MASK]?.some(isEnded) && this[MASK]?.some(isFull) === true
      },
    },
  ],
  ...Object.entries(HEADER_METHODS).map(([name, verb]): [string, PropertyDescriptor] => [
    name,
    {
      configurable: true,
      writable: true,
      value(this: HookedResponse) {
        return refuseHeaders(this, verb)
      },
    },
  ]),
]

/** From now on the response looks as `held` says. */
export function mask(res: HookedResponse, held: Held): void {
  const masked = res as Masked
  masked[MASK] ??= new Mask(res)
  masked[MASK].holders.add(held)
  masked[MASK].apply()
}

/** `held` lets go; the response shows itself again when nobody holds it. */
export function unmask(res: HookedResponse, held: Held): void {
  const mask = (res as Masked)[MASK]
  if (mask?.holders.delete(held)) mask.apply()
}

/** Runs `work` of `held` on the bare response, also while others hold it. */
export function withoutMask(res: HookedResponse, held: Held, work: () => void): void {
  const mask = (res as Masked)[MASK]
  mask?.lift(held)
  try {
    work()
  } finally {
    mask?.lower()
  }
}

/**
 * Whether the calls of now come from beneath `held` and not from the handler: another hold, nearer to Node, is
 * letting go, and Node's own methods call each other by the response.
 */
export function isCalledFromBeneath(res: HookedResponse, held: Held): boolean {
  return (res as Masked)[MASK]?.lifters.some(({ depth }) => depth < held.depth) === true
}

/** What stood there before, by place: `null` where it was inherited, nothing where it is not known at all. */
type Before = Array<PropertyDescriptor | null | undefined>

function putOver(res: object): Before {
  return PROPERTIES.map(([name, property]) => {
    if (!(name in res)) return undefined
    const own = Object.getOwnPropertyDescriptor(res, name) ?? null
    Object.defineProperty(res, name, property)
    return own
  })
}

function putBack(res: object, before: Before): void {
  // From the last to the first: what was put on last can be taken off cheaply.
  for (let i = PROPERTIES.length - 1; i >= 0; i--) {
    const [name = ''] = PROPERTIES[i] ?? []
    const own = before[i]
    if (own) Object.defineProperty(res, name, own)
    else if (own === null) delete (res as Record<string, unknown>)[name]
  }
}
