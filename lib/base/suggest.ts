/** Longest name that is compared: options are short, and the comparison is quadratic. */
const LENGTH_MAX = 40

/** @returns the known name that somebody probably meant: another case, a separator, one or two letters beside */
export function suggest(name: string, known: readonly string[]): string | undefined {
  if (name.length > LENGTH_MAX) return undefined
  const meant = plain(name)
  let best: string | undefined
  // One slip for three letters, two at most: beyond that two words merely resemble each other.
  let least = Math.min(2, Math.floor(meant.length / 3)) + 1
  for (const candidate of known) {
    const slips = distance(meant, plain(candidate))
    if (slips < least) {
      best = candidate
      least = slips
    }
  }
  return best
}

/** @returns `; did you mean NAME?`, or nothing */
export function didYouMean(name: string, known: readonly string[]): string {
  const meant = suggest(name, known)
  return meant === undefined ? '' : `; did you mean ${meant}?`
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[-_\s]/g, '')
}

/** Levenshtein's distance, with two exchanged neighbours as one slip (optimal string alignment). */
function distance(a: string, b: string): number {
  let before: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let slips = Math.min(at(above, j) + 1, at(row, j - 1) + 1, at(above, j - 1) + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        slips = Math.min(slips, at(before, j - 2) + 1)
      }
      row.push(slips)
    }
    before = above
    above = row
  }
  return at(above, b.length)
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? 0
}
