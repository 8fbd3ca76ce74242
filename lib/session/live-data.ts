import { applyDelta, deltaBetween } from '../record/delta'
import { type Data, dataText, parseData } from '../record/text'

/** One key of data, whatever its name */
export function setData(session: object, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(session, key, { value, configurable: true, enumerable: true, writable: true })
  } else {
    ;(session as Data)[key] = value
  }
}

/** Makes these the session's data; a value that says the same already stays the same object */
export function showData(session: object, data: Data): void {
  const live = session as Data
  for (const key of Object.keys(live)) {
    if (key !== 'cookie' && !Object.hasOwn(data, key)) delete live[key]
  }
  for (const key of Object.keys(data)) {
    if (key === 'cookie') continue
    if (Object.hasOwn(live, key) && JSON.stringify(live[key]) === JSON.stringify(data[key])) continue
    setData(session, key, data[key])
  }
}

/**
 * Shows the data of the text `to` where the session showed those of `from`; what has been changed in it
 * since then stays.
 *
 * @returns `to` as the session's own data text, which may have the keys in another order
 */
export function showInstead(session: object, from: string, to: string): string {
  const now = dataText(session)
  if (now === from) {
    showData(session, parseData(to))
    return dataText(session)
  }
  showData(session, parseData(applyDelta(deltaBetween(from, now), to)))
  return to
}
