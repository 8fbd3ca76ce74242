import { Duplex } from 'node:stream'
import type { HookedResponse } from './parts'
import { refuseHeaders } from './refusals'

/** What a covered response looks like to its handler: as sent, and as ended as the handler has made it. */
export interface Hold {
  readonly looksEnded: boolean
  /** More waits than the response would buffer itself. */
  readonly full: boolean
}

/** Methods that Node refuses once headers are sent, and its word for each. */
const HEADER_METHODS = {
  setHeader: 'set',
  setHeaders: 'set',
  appendHeader: 'append',
  removeHeader: 'remove',
} as const

const HOLD: unique symbol = Symbol('sojourn.hold')

type Covering = HookedResponse & { [HOLD]?: Hold }

/**
 * Whether the response writes into an object that collects it, as serverless-http's do: what runs the application
 * takes the answer as soon as it looks ended, so it must not look so while nothing of it was written.
 */
export function isCollected({ socket, stream }: HookedResponse): boolean {
  return stream === undefined && socket !== null && socket !== undefined && !(socket instanceof Duplex)
}

const ended = {
  configurable: true,
  get(this: Covering) {
    return this[HOLD]?.looksEnded ?? false
  },
}

/** What a held response shows: functions that all responses share and that find their hold by a key. */
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
      get(this: Covering) {
        return this[HOLD]?.looksEnded === false && this[HOLD].full
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

/** What a response showed before it was covered. */
export interface Covered {
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

/** Puts own properties over those of a response: from now on it looks as `hold` says. */
export function cover(res: HookedResponse, hold: Hold): Covered {
  ;(res as Covering)[HOLD] = hold
  const ended = hold.looksEnded
  const finished = plainFinished(res)
  if (finished !== undefined) res.finished = ended
  const inherited = inheritedFrom(Object.getPrototypeOf(res))
  const own = PROPERTIES.map(([name, property], i) => {
    const isOwn = Object.hasOwn(res, name)
    if (!isOwn && !inherited[i]) return undefined
    if (name === 'finished' && finished !== undefined) return undefined
    // Of an ended one Node derives most from `finished`.
    if (property.get && ended && property.get.call(res) === (res as Covering)[name as 'finished'])
      return undefined
    const before = isOwn ? Object.getOwnPropertyDescriptor(res, name) : null
    Object.defineProperty(res, name, property)
    return before
  })
  return { finished, own }
}

/** The response shows itself again. */
export function uncover(res: HookedResponse, { finished, own }: Covered): void {
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
