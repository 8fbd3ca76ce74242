/**
 * A response in the hands of a handler, with a record of all that the handler can see: what each call returned or
 * threw, the state right after it, and which callbacks and events came later, in order.
 */
export class Probe {
  /** Calls and what they showed. */
  readonly seen: string[] = []
  /** Callbacks and events. */
  readonly later: string[] = []
  readonly res: any
  readonly req: any

  constructor(req: any, res: any) {
    this.req = req
    this.res = res
    for (const event of ['finish', 'close', 'drain', 'error'] as const) {
      res.on(event, (error?: { code?: string }) => {
        this.later.push(error ? `${event} ${error.code}` : event)
      })
    }
  }

  /** Calls a method of the response. */
  call(method: string, ...args: unknown[]): unknown {
    const words = `${method}(${args.map(word).join(', ')})`
    try {
      const returned = this.res[method](...args)
      this.seen.push(`${words} -> ${returned === this.res ? 'res' : String(returned)} ${this.state()}`)
      return returned
    } catch (error) {
      const { name, code } = error as { name: string; code?: string }
      this.seen.push(`${words} threw ${name} ${code} ${this.state()}`)
      return undefined
    }
  }

  write(...args: unknown[]): unknown {
    return this.call('write', ...args)
  }

  end(...args: unknown[]): unknown {
    return this.call('end', ...args)
  }

  head(...args: unknown[]): unknown {
    return this.call('writeHead', ...args)
  }

  /** Looks at something else that a handler may look at. */
  look(name: string, value: unknown): void {
    this.seen.push(`${name}: ${JSON.stringify(value)}`)
  }

  /** A callback that leaves a line when it is called. */
  callback(name: string): (error?: { code?: string | undefined } | null) => void {
    return (error) => {
      this.later.push(error ? `${name} called with ${error.code}` : `${name} called`)
    }
  }

  state(): string {
    const { headersSent, writableEnded, finished, writableNeedDrain, statusCode } = this.res
    return JSON.stringify({ headersSent, writableEnded, finished, writableNeedDrain, statusCode })
  }
}

function word(arg: unknown): string {
  if (typeof arg === 'function') return 'callback'
  if (Buffer.isBuffer(arg)) return `${arg.length} bytes`
  return JSON.stringify(arg) ?? 'undefined'
}
