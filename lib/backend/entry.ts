/** The key a record stands under in the store. Not the session id: prefixed, and hashed when ids are hashed. */
export type StoreKey = string & { readonly __storeKey?: never }

/** What a store keeps of a session. */
export interface Entry {
  /**
   * The record, opaque to the backend. Any well-formed string: empty, 1 MB, NUL. A backend on a column of JSON may
   * take JSON text only, and says so. Lone surrogates do not occur: `JSON.stringify` escapes them.
   */
  readonly body: string
  /** Absolute deadline in epoch milliseconds; `Infinity` for never. */
  readonly expires: number
  /** Whose session it is, for backends with an owner index (`ownedBy`). `undefined`: nobody's; others ignore it. */
  readonly owner?: string | undefined
}
