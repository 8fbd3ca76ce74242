/** How often a store was asked, where that is counted. */
export const storeCalls = { reads: 0, writes: 0 }

const counted = new WeakSet<object>()

/** Counts what is asked of a store of express-session's kind, or of the backend of one of ours. */
export function countCalls(store: any): void {
  const target = store.backend ?? store
  if (counted.has(target)) return
  counted.add(target)
  const counting = (name: string, kind: 'reads' | 'writes') => {
    const method = target[name]
    if (typeof method !== 'function') return
    target[name] = (...args: unknown[]) => {
      storeCalls[kind]++
      return method.apply(target, args)
    }
  }
  if (store.backend) {
    counting('read', 'reads')
    for (const name of ['create', 'replace', 'remove', 'extend']) counting(name, 'writes')
  } else {
    counting('get', 'reads')
    for (const name of ['set', 'destroy', 'touch']) counting(name, 'writes')
  }
}
