const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', a: '\x07' }
const HEX_PAIR = /^[0-9a-fA-F]{2}$/

function isSpace(character: string | undefined): boolean {
  return character !== undefined && ' \t\r\n\v\f\0'.includes(character)
}

/**
 * Splits a line typed by a person (telnet, netcat) into words, with Redis' quoting: `"…"` knows `\n \r \t \b \a`
 * and `\xHH`, `'…'` knows only `\'`.
 *
 * @param line one character per byte
 * @returns `undefined` when a quote is not closed, or is closed in the middle of a word
 */
export function splitInline(line: string): string[] | undefined {
  const words: string[] = []
  let at = 0
  for (;;) {
    while (isSpace(line[at])) at++
    if (at >= line.length) return words
    let word = ''
    let quote = ''
    for (;;) {
      const c = line[at]
      if (quote !== '') {
        if (c === undefined) return undefined
        if (c === quote) {
          const after = line[at + 1]
          if (after !== undefined && !isSpace(after)) return undefined
          at++
          break
        }
        if (c === '\\' && quote === '"') {
          const pair = line.slice(at + 2, at + 4)
          const next = line[at + 1]
          if (next === 'x' && HEX_PAIR.test(pair)) {
            word += String.fromCharCode(Number.parseInt(pair, 16))
            at += 4
            continue
          }
          if (next === undefined) return undefined
          word += ESCAPES[next] ?? next
          at += 2
          continue
        }
        if (c === '\\' && line[at + 1] === "'") {
          word += "'"
          at += 2
          continue
        }
      } else {
        if (c === undefined || isSpace(c)) break
        if (c === '"' || c === "'") {
          quote = c
          at++
          continue
        }
      }
      word += c
      at++
    }
    words.push(word)
  }
}
