import { Duplex } from 'node:stream'
import type { HookedResponse } from './parts'
import { refuseHeaders } from './refusals'

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
  readonly #hidesEnd: boolean

  constructor(res: HookedResponse) {
    this.#res = res
    this.#hidesEnd = isCollected(res)
  }

  /** Whether the response is to look ended. */
  get ended(): boolean {
    return !this.#hidesEnd && this.some(isEnded)
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
    const { ended } = this
    let before = this.#before
    if (before && (!wanted || before.ended !== ended)) {
      putBack(this.#res, before)
      before = undefined
    }
    if (wanted && !before) before = putOver(this.#res, ended)
    this.#before = before
  }

  some(is: (held: Held) => boolean): boolean {
    for (const held of this.holders) if (is(held)) return true
    return false
  }
}

/**
 * Whether the response writes into an object that collects it, as serverless-http's do: what runs the application
 * takes the answer as soon as it looks ended, so it must not look so while nothing of it was written.
 */
function isCollected({ socket, stream }: HookedResponse): boolean {
  return stream === undefined && socket !== null && socket !== undefined && !(socket instanceof Duplex)
}

const isEnded = (held: Held) => held.ended
const isFull = (held: Held) => held.full

const ended = {
  configurable: true,
  get(this: Masked) {
    return this[MASK]?.ended ?? false
  },
}

/** What a held response shows: functions that all responses share and that find their mask by `this`. */
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

/** Something of what `held` says has changed. */
export function showAgain(res: HookedResponse): void {
  ;(res as Masked)[MASK]?.apply()
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

/** What stood there before. */
interface Before {
  /** Whether it was made to look ended. */
  readonly ended: boolean
  /** Node's is a plain value. */
  readonly finished: boolean | undefined
  /** By place: `null` where it was inherited, `undefined` where nothing was put over. */
  readonly own: ReadonlyArray<PropertyDescriptor | null | undefined>
}

/** By prototype, of which applications have one or a few. */
const inheritances = new WeakMap<object, readonly boolean[]>()

/** @returns by place, whether the prototype knows it */
function inheritedFrom(prototype: object | null): readonly boolean[] {
  if (!prototype) return []
  let inherited = inheritances.get(prototype)
  if (!inherited) {
    inherited = PROPERTIES.map(([name]) => name in prototype)
    inheritances.set(prototype, inherited)
  }
  return inherited
}

function putOver(res: HookedResponse, ended: boolean): Before {
  const finished = plainFinished(res)
  if (finished !== undefined) res.finished = ended
  const inherited = inheritedFrom(Object.getPrototypeOf(res))
  const own = PROPERTIES.map(([name, property], i) => {
    const isOwn = Object.hasOwn(res, name)
    if (!isOwn && !inherited[i]) return undefined
    if (name === 'finished' && finished !== undefined) return undefined
    // Of an ended one Node derives most from `finished`.
    if (property.get && ended && property.get.call(res) === (res as Masked)[name as 'finished'])
      return undefined
    const before = isOwn ? Object.getOwnPropertyDescriptor(res, name) : null
    Object.defineProperty(res, name, property)
    return before
  })
  return { ended, finished, own }
}

function putBack(res: HookedResponse, { finished, own }: Before): void {
  // From the last to the first: what was put on last can be taken off cheaply.
  for (let i = own.length - 1; i >= 0; i--) {
    const [name = ''] = PROPERTIES[i] ?? []
    const before = own[i]
    if (before) Object.defineProperty(res, name, before)
    else if (before === null) delete (res as Record<string, unknown>)[name]
  }
  if (finished !== undefined) res.finished = finished
}

/** To make an accessor of it and a value again would leave the object slow for all that comes after. */
function plainFinished(res: HookedResponse): boolean | undefined {
  return Object.hasOwn(res, 'finished') && typeof res.finished === 'boolean' ? res.finished : undefined
}
