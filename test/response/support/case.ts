import type { Probe } from './probe'

/** One way in which a handler answers. */
export interface Case {
  name: string
  run(p: Probe): unknown
  method?: string
  headers?: Record<string, string>
}

export const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
