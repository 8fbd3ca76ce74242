/**
 * The data text of a session that is about to be written, made of a tree which the next load of that record can take in
 * place of parsing the text.
 */
import { type Data, dataText } from './text'
import { copyOf, DOUBT, isSame } from './tree'

/** What was composed last: a string can carry no tree. Who keeps the text takes the tree in the same turn. */
let lastText = ''
let lastTree: Data | undefined

/**
 * As `dataText`, of a session that was made of a copy of `shown` when `text` was its data text. Where nothing has
 * changed since, that is `text` still, and comparing costs a fraction of writing JSON.
 *
 * @param shown `undefined`: it is new, or was not read as a tree
 */
export function composedText(session: object, shown: Data | undefined, text: string): string {
  const keys = Object.keys(session)
  const same = shown ? leadingSame(session as Data, keys, shown) : 0
  if (same === ALL) return text
  const tree = treeOf(session as Data, keys, shown, same)
  if (!tree) return dataText(session)
  // The text of the copy, not of the session: whatever a getter answers, text and tree say the same.
  lastText = JSON.stringify(tree)
  lastTree = tree
  return lastText
}

/** @returns the tree whose JSON is `text`, which its taker must not change; once, and only of what was composed last */
export function takeTree(text: string): Data | undefined {
  const tree = text === lastText ? lastTree : undefined
  lastText = ''
  lastTree = undefined
  return tree
}

const ALL = -1

/** @returns how many of the keys, from the first, have the value shown; `ALL`: the JSON is the same altogether */
function leadingSame(session: Data, keys: readonly string[], shown: Data): number {
  let i = 0
  for (const key in shown) {
    if (keys[i] === 'cookie') i++
    if (key !== keys[i] || !isSame(session[key], shown[key])) return i
    i++
  }
  if (keys[i] === 'cookie') i++
  return i === keys.length ? ALL : i
}

/** @returns the session's data, sharing with `shown` what is the same; `undefined`: only JSON can tell */
function treeOf(
  session: Data,
  keys: readonly string[],
  shown: Data | undefined,
  same: number,
): Data | undefined {
  const tree: Data = {}
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string
    if (key === 'cookie') continue
    if (key === '__proto__') return undefined
    const value = session[key]
    const kept = i < same || isShown(shown, key, value) ? shown?.[key] : copyOf(value)
    if (kept === DOUBT) return undefined
    tree[key] = kept
  }
  return tree
}

/** Of primitives a copy costs nothing. */
function isShown(shown: Data | undefined, key: string, value: unknown): boolean {
  return (
    shown !== undefined && typeof value === 'object' && Object.hasOwn(shown, key) && isSame(value, shown[key])
  )
}
