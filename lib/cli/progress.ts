import { systemClock } from '../base/clock'
import { bar, countText, durationText, type Terminal } from './terminal'

const EVERY_MS = 100
const BAR_WIDTH = 24

/** How far a long work has come, how fast it goes and how long it will still take. */
export class ProgressLine {
  readonly #total: number
  readonly #terminal: Terminal
  readonly #startedAt = systemClock()
  #shownAt = 0
  #done = 0

  constructor(total: number, terminal: Terminal) {
    this.#total = total
    this.#terminal = terminal
  }

  advance(): void {
    this.#done++
    const now = systemClock()
    if (now - this.#shownAt < EVERY_MS) return
    this.#shownAt = now
    this.#terminal.progress(progressText(this.#done, this.#total, now - this.#startedAt))
  }
}

function progressText(done: number, total: number, elapsedMs: number): string {
  const share = total > 0 ? Math.min(done / total, 1) : 1
  const perSecond = elapsedMs > 0 ? (done * 1000) / elapsedMs : 0
  const left = perSecond > 0 ? durationText(((total - done) / perSecond) * 1000) : '?'
  const percent = `${Math.floor(share * 100)} %`.padStart(5)
  return `${bar(share, BAR_WIDTH)} ${percent}  ${countText(done)} of ${countText(total)}  ${countText(Math.round(perSecond))}/s  ${left} left`
}
