/**
 * What the server notes of a session beside its data: whether it is bound to a device, and when the user has proved
 * who they are. It stands in the record's cookie as one text, which no handler's write and no merge can lose.
 */
export interface TrustNotes {
  /** Epoch ms at which the user has proved who they are; 0: never noted. */
  readonly confirmedAt: number
  /** Epoch ms until which the session has to be bound; 0: it need not be. */
  readonly bindBy: number
  readonly binding: Binding | undefined
}

export interface Binding {
  /** Names the binding to the browser; random, and not the session id. */
  readonly id: string
  /** Epoch ms. */
  readonly since: number
  /** `ES256` or `RS256`. */
  readonly algorithm: string
  /** The public key. */
  readonly key: string
  /** The challenges that were used last, and by what: newest first. */
  readonly used: readonly Use[]
}

export interface Use {
  /** `time.nonce` of the challenge. */
  readonly challenge: string
  /** Which of several requests with one challenge was the first. */
  readonly by: string
}

const NO_TRUST: TrustNotes = Object.freeze({ confirmedAt: 0, bindBy: 0, binding: undefined })

/** Two, so that a browser with two challenges may use the older one after the newer. */
export const USES_KEPT = 2

/** The same text comes with each request of a session. */
let lastText = ''
let lastNotes = NO_TRUST

/** @returns what a text says; of one that is none, nothing */
export function readTrust(text: string): TrustNotes {
  if (text === '') return NO_TRUST
  if (text !== lastText) {
    lastNotes = parse(text)
    lastText = text
  }
  return lastNotes
}

function parse(text: string): TrustNotes {
  const [version, confirmed, bindBy, ...rest] = text.split(';')
  if (version !== VERSION) return NO_TRUST
  return { confirmedAt: timeIn(confirmed), bindBy: timeIn(bindBy), binding: parseBinding(rest) }
}

function parseBinding([id, since, algorithm, key, ...uses]: readonly string[]): Binding | undefined {
  if (!id || !algorithm || !key) return undefined
  const used = uses.map((use) => {
    const [challenge = '', by = ''] = use.split('~')
    return { challenge, by }
  })
  return { id, since: timeIn(since), algorithm, key, used }
}

const VERSION = '1'

function timeIn(text: string | undefined): number {
  const time = Number.parseInt(text ?? '', 36)
  return Number.isSafeInteger(time) ? time : 0
}

/** @returns the text for a record; it needs no escaping in JSON */
export function trustText({ confirmedAt, bindBy, binding }: TrustNotes): string {
  if (confirmedAt === 0 && bindBy === 0 && !binding) return ''
  const parts = [VERSION, confirmedAt.toString(36), bindBy.toString(36)]
  if (binding) {
    const { id, since, algorithm, key, used } = binding
    parts.push(id, since.toString(36), algorithm, key)
    parts.push(...used.map(({ challenge, by }) => `${challenge}~${by}`))
  }
  return parts.join(';')
}

/**
 * What two requests of one session have noted, as one: the later proof of the user, the binding that the store has
 * had first, and all that was used.
 *
 * @param theirs what stands in the store
 */
export function mergedTrust(mine: string, theirs: unknown): string {
  if (typeof theirs !== 'string' || theirs === '' || theirs === mine) return mine
  if (mine === '') return theirs
  const [a, b] = [readTrust(mine), readTrust(theirs)]
  return trustText({
    confirmedAt: Math.max(a.confirmedAt, b.confirmedAt),
    bindBy: Math.max(a.bindBy, b.bindBy),
    binding: mergedBinding(a.binding, b.binding),
  })
}

function mergedBinding(mine: Binding | undefined, theirs: Binding | undefined): Binding | undefined {
  if (!mine || !theirs || mine.id !== theirs.id) return theirs ?? mine
  // Of one challenge the use that the store has had first.
  const all = new Map(mine.used.map((use) => [use.challenge, use]))
  for (const use of theirs.used) all.set(use.challenge, use)
  const used = [...all.values()].sort((a, b) => issuedAt(b) - issuedAt(a)).slice(0, USES_KEPT)
  return { ...theirs, used }
}

/** Epoch ms at which the challenge was issued. */
export function issuedAt({ challenge }: Use): number {
  return timeIn(challenge.split('.', 1)[0])
}

/** Whether the record's cookie says that the session is bound to a device. */
export function isBound(cookie: { readonly trust?: unknown }): boolean {
  return typeof cookie.trust === 'string' && readTrust(cookie.trust).binding !== undefined
}
