import { systemClock } from '../base/clock'
import type { CommandLine } from './arguments'
import { openingOf, openStore } from './open'
import { sightings } from './sessions'
import { bar, bytesText, countText, durationText, type Terminal } from './terminal'

const MIN_MS = 60_000
const HOUR_MS = 60 * MIN_MS
const DAY_MS = 24 * HOUR_MS
const TIME_STEPS = [MIN_MS, 10 * MIN_MS, HOUR_MS, 6 * HOUR_MS, DAY_MS, 7 * DAY_MS, 30 * DAY_MS, Infinity]
const SIZE_STEPS = [250, 1000, 4000, 16_000, 64_000, 250_000, 1_000_000, Infinity]
const BAR_WIDTH = 30

/** Counts by steps: what it keeps does not grow with what it counts. */
class Histogram {
  readonly counts: number[]
  total = 0
  sum = 0
  max = 0

  constructor(readonly steps: readonly number[]) {
    this.counts = steps.map(() => 0)
  }

  add(value: number): void {
    const step = this.steps.findIndex((end) => value < end || end === Infinity)
    this.counts[step] = (this.counts[step] ?? 0) + 1
    this.total++
    this.sum += value
    this.max = Math.max(this.max, value)
  }

  /** One line a step, from the first to the last that has any. */
  lines(label: (value: number) => string): string[] {
    const first = this.counts.findIndex((count) => count > 0)
    const last = this.counts.reduce((found, count, i) => (count > 0 ? i : found), 0)
    const most = Math.max(...this.counts)
    return this.steps.slice(first, last + 1).map((end, i) => {
      const count = this.counts[first + i] ?? 0
      const before = this.steps[first + i - 1] ?? 0
      const name = end === Infinity ? `from ${label(before)}` : `below ${label(end)}`
      return `  ${name.padEnd(16)} ${bar(count / most, BAR_WIDTH)} ${countText(count)}`
    })
  }
}

export async function showStats({ words, flags }: CommandLine, terminal: Terminal): Promise<number> {
  const opened = await openStore(words[0] as string, openingOf(flags))
  const now = systemClock()
  const [sizes, ages, ends] = [
    new Histogram(SIZE_STEPS),
    new Histogram(TIME_STEPS),
    new Histogram(TIME_STEPS),
  ]
  const owners = new Set<string>()
  let never = 0
  let unreadable = 0
  for await (const { entry, createdAt, record, owner } of sightings(opened, {
    ownerKey: flags['owner-key'],
  })) {
    sizes.add(Buffer.byteLength(entry.body))
    if (createdAt !== undefined) ages.add(Math.max(now - createdAt, 0))
    if (entry.expires === Infinity) never++
    else ends.add(entry.expires - now)
    if (!record) unreadable++
    if (owner !== undefined) owners.add(owner)
    if (sizes.total % 1000 === 0) terminal.progress(`${countText(sizes.total)} sessions so far`)
  }
  await opened.store.close()
  const counts = { sessions: sizes.total, owners: owners.size, never, unreadable }
  if (flags.json) {
    const steps = ({ steps, counts: by }: Histogram) =>
      steps.map((below, i) => ({ below: below === Infinity ? null : below, sessions: by[i] }))
    const histograms = { sizes: steps(sizes), ages: steps(ages), ends: steps(ends) }
    await terminal.print(JSON.stringify({ ...counts, bytes: sizes.sum, ...histograms }))
    return 0
  }
  const mean = sizes.total === 0 ? 0 : Math.round(sizes.sum / sizes.total)
  const size = `${bytesText(sizes.sum)}, ${bytesText(mean)} each, the largest ${bytesText(sizes.max)}`
  await terminal.print(`${countText(sizes.total)} sessions of ${countText(owners.size)} owners: ${size}`)
  for (const [title, histogram, label] of [
    ['size', sizes, bytesText],
    ['age', ages, durationText],
    ['time left', ends, durationText],
  ] as const) {
    if (histogram.total === 0) continue
    await terminal.print(terminal.paint('bold', title))
    for (const line of histogram.lines(label)) await terminal.print(line)
  }
  const unknown = sizes.total - ages.total
  if (unknown > 0) await terminal.print(`${countText(unknown)} do not say when they were made`)
  if (never > 0) await terminal.print(`${countText(never)} never end`)
  if (unreadable > 0) await terminal.print(`${countText(unreadable)} cannot be read: sealed? see --seal-keys`)
  return 0
}
