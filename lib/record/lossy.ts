/** A value that JSON keeps as something else, or not at all. */
export interface Lossy {
  /** Where it stands below its top-level key: `.items[0]`, or nothing. */
  readonly path: string
  /** `a Map`. */
  readonly what: string
  /** What becomes of it. */
  readonly becomes: string
}

/** @returns the first value in a tree that JSON changes; what it refuses (a cycle, a BigInt) is not looked for */
export function lossyIn(value: unknown): Lossy | undefined {
  switch (typeof value) {
    case 'object':
      return value === null ? undefined : lossyObject(value)
    case 'number':
      return Number.isFinite(value) ? undefined : lossy(String(value), 'null')
    case 'function':
    case 'symbol':
      return lossy(`a ${typeof value}`, 'nothing')
    default:
      return undefined
  }
}

function lossyObject(value: object): Lossy | undefined {
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const found = lossyIn(value[i])
      if (found) return { ...found, path: `[${i}]${found.path}` }
    }
    return undefined
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  // Of whatever realm: Jest's objects are not made by the Object that is ours.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) return lossyInstance(value)
  for (const key of Object.keys(value)) {
    const found = lossyIn((value as Record<string, unknown>)[key])
    if (found) return { ...found, path: `${step(key)}${found.path}` }
  }
  return undefined
}

function lossyInstance(value: object): Lossy {
  const name = value.constructor?.name || 'class instance'
  const what = `a${/^[AEIOU]/.test(name) ? 'n' : ''} ${name}`
  if (value instanceof Map || value instanceof Set) return lossy(what, '{}')
  return lossy(
    what,
    typeof (value as { toJSON?: unknown }).toJSON === 'function' ? 'what its toJSON gives' : 'a plain object',
  )
}

function lossy(what: string, becomes: string): Lossy {
  return { path: '', what, becomes }
}

function step(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
}
