/** What a held response looks like to its handler: as sent, and as ended as the handler has made it. */
export interface Held {
  readonly ended: boolean
  readonly full: boolean
}

/** Methods that Node refuses once headers are sent. */
const HEADER_METHODS = ['setHeader', 'setHeaders', 'appendHeader', 'removeHeader'] as const

type Masked = Record<string, PropertyDescriptor | undefined>

/** @returns what to give to `unmask` */
export function mask(res: object, held: Held): Masked {
  const properties: PropertyDescriptorMap = {
    headersSent: { configurable: true, get: () => true },
    writableEnded: { configurable: true, get: () => held.ended },
    finished: { configurable: true, get: () => held.ended },
    writableNeedDrain: { configurable: true, get: () => held.full },
  }
  for (const name of HEADER_METHODS) {
    if (name in res) properties[name] = { configurable: true, writable: true, value: refuseHeader }
  }
  const before: Masked = {}
  for (const name of Object.keys(properties)) before[name] = Object.getOwnPropertyDescriptor(res, name)
  Object.defineProperties(res, properties)
  return before
}

export function unmask(res: object, before: Masked): void {
  for (const [name, descriptor] of Object.entries(before)) {
    if (descriptor) Object.defineProperty(res, name, descriptor)
    else delete (res as Record<string, unknown>)[name]
  }
}

function refuseHeader(): never {
  const error = new Error('Cannot set headers after they are sent to the client')
  throw Object.assign(error, { code: 'ERR_HTTP_HEADERS_SENT' })
}

/** A second `writeHead`, as Node refuses it. */
export function refuseHead(): never {
  const error = new Error('Cannot write headers after they are sent to the client')
  throw Object.assign(error, { code: 'ERR_HTTP_HEADERS_SENT' })
}
