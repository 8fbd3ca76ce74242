import type { Backend, Entry } from './contract'

/** An entry with what the store above has read in its body. */
export interface ReadEntry extends Entry {
  /** Belongs to this very body: a body that another one wrote comes without it. */
  readonly reading?: unknown
}

/**
 * What a backend in this process's memory may offer beside the contract: it keeps with each body what the store above
 * has read in it, and gives both back, which spares the next request the parsing. Only such a backend is given
 * readings; a sealed store gives none.
 */
export interface ReadingBackend extends Backend {
  readonly keepsReadings: true
}

export function keepsReadings(backend: Backend): backend is ReadingBackend {
  return (backend as Partial<ReadingBackend>).keepsReadings === true
}
