/** One place of a pattern: any bytes, or one byte out of a set. */
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

/**
 * Redis' glob patterns, over strings of one character per byte. Only the last `*` is ever tried again, so the
 * cost is at most length times length: a pattern of many `*` cannot hold the server up (CVE-2022-36021).
 */
export function globMatcher(pattern: string): (text: string) => boolean {
  const tokens = parse(pattern)
  return (text) => {
    let at = 0
    let place = 0
    let star = -1
    let retry = 0
    while (at < text.length) {
      const token = tokens[place]
      if (token === 'any') {
        star = place++
        retry = at
      } else if (token?.(text.charCodeAt(at))) {
        place++
        at++
      } else if (star >= 0) {
        place = star + 1
        at = ++retry
      } else {
        return false
      }
    }
    while (tokens[place] === 'any') place++
    return place === tokens.length
  }
}
