import type { Probe } from './probe'

/** One way in which a handler answers. */
export interface Case {
  name: string
  run(p: Probe): unknown
  method?: string
  headers?: Record<string, string>
  /** A list of headers, of which Node 20 loses some when others were set before, as Express does. */
  list?: true
}

export const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
