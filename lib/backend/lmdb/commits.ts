import type { Dbi } from './binding'
import type { Token } from './keys'

/** A write to LMDB that failed tells why in a promise on the error, which would end the process if left alone. */
export async function reasonOf(error: unknown): Promise<unknown> {
  const reason = (error as { commitError?: Promise<never> } | undefined)?.commitError
  return reason ? reason.catch((cause: unknown) => cause) : error
}

export const NOTHING = Buffer.alloc(0)

/** 52 random bits, never 0, which lmdb takes for "none". */
export const newVersion = (): number => 1 + Math.random()

/** Writes that are made if the record is still the one that was seen; `undefined`: if there is still none. */
export function conditional(
  dbi: Dbi,
  token: Token,
  seen: number | undefined,
  writes: () => void,
): Promise<boolean> {
  return seen === undefined ? dbi.ifNoExists(token, writes) : dbi.ifVersion(token, seen, writes)
}
