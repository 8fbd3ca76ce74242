/** Any bytes, or one byte out of a set. */
type Token = 'any' | ((byte: number) => boolean)

const anyByte = (): boolean => true

/** Redis' `[…]`: `^` negates, `a-c` is a range in either direction, `\` takes the next as it is, `]` may be missing. */
function bracket(pattern: string, start: number): { token: Token; end: number } {
  let at = start + 1
  const negated = pattern[at] === '^'
  if (negated) at++
  const ranges: Array<readonly [number, number]> = []
  for (; at < pattern.length && pattern[at] !== ']'; at++) {
    if (pattern[at] === '\\' && at + 1 < pattern.length) {
      at++
      ranges.push([pattern.charCodeAt(at), pattern.charCodeAt(at)])
    } else if (pattern[at + 1] === '-' && at + 2 < pattern.length) {
      const [a, b] = [pattern.charCodeAt(at), pattern.charCodeAt(at + 2)]
      ranges.push([Math.min(a, b), Math.max(a, b)])
      at += 2
    } else {
      ranges.push([pattern.charCodeAt(at), pattern.charCodeAt(at)])
    }
  }
  const token = (byte: number): boolean =>
    ranges.some(([low, high]) => byte >= low && byte <= high) !== negated
  return { token, end: at + 1 }
}

function parse(pattern: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < pattern.length) {
    const c = pattern[at]
    if (c === '*') {
      if (tokens.at(-1) !== 'any') tokens.push('any')
      at++
    } else if (c === '?') {
      tokens.push(anyByte)
      at++
    } else if (c === '[') {
      const { token, end } = bracket(pattern, at)
      tokens.push(token)
      at = end
    } else {
      if (c === '\\' && at + 1 < pattern.length) at++
      const wanted = pattern.charCodeAt(at)
      tokens.push((byte) => byte === wanted)
      at++
    }
  }
  return tokens
}

/** A longer pattern is refused: the cost of a match is the length of the text for every 32 places of the pattern. */
export const MAX_PATTERN_BYTES = 1024
/** Steps of 32 places and one byte each, some 2 ms, after which others get their turn. */
const STEPS_AT_A_TIME = 1 << 20
const BYTES = 256

/** Goes through a text. Yields when others should get a turn; returns whether the text matches. */
export type Matching = Generator<undefined, boolean, undefined>

/**
 * Redis' glob patterns, over strings of one character per byte. All ways to match go through the text at the same time,
 * as bits of a few numbers (the Shift-And algorithm, Baeza-Yates and Gonnet 1992), so that no pattern makes a match go
 * back: the cost is linear in the text (compare CVE-2022-36021).
 *
 * @param pattern at most `MAX_PATTERN_BYTES` long
 */
export function globMatcher(pattern: string): (text: string) => Matching {
  const tokens = parse(pattern)
  const places = tokens.filter((token) => token !== 'any').length
  const words = (places >> 5) + 1
  /** Bit i: place i takes this byte. */
  const takes = new Uint32Array(BYTES * words)
  /** Bit i: a `*` stands before place i. */
  const stays = new Uint32Array(words)
  let place = 0
  for (const token of tokens) {
    const [word, bit] = [place >> 5, 1 << (place & 31)]
    if (token === 'any') {
      set(stays, word, bit)
      continue
    }
    for (let byte = 0; byte < BYTES; byte++) if (token(byte)) set(takes, byte * words + word, bit)
    place++
  }
  let steps = 0
  return function* matching(text) {
    /** Bit i: what was read fits the first i places. */
    const reached = new Uint32Array(words)
    reached[0] = 1
    for (let at = 0; at < text.length; at++) {
      const row = text.charCodeAt(at) * words
      let carry = 0
      let alive = 0
      for (let word = 0; word < words; word++) {
        const now = reached[word] ?? 0
        const went = now & (takes[row + word] ?? 0)
        const next = (went << 1) | carry | (now & (stays[word] ?? 0))
        carry = went >>> 31
        reached[word] = next
        alive |= next
      }
      if (alive === 0) return false
      steps += words
      if (steps < STEPS_AT_A_TIME) continue
      steps = 0
      yield
    }
    return ((reached[places >> 5] ?? 0) & (1 << (places & 31))) !== 0
  }
}

function set(bits: Uint32Array, at: number, bit: number): void {
  bits[at] = (bits[at] ?? 0) | bit
}
