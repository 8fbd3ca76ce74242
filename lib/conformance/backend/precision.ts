import type { Backend, Entry, StoreKey } from '../../backend/contract'

/**
 * For stores that keep remaining time instead of points in time: a deadline that comes back within `precisionMs`
 * of one that the key was given, through any backend on these data, counts as that one. Any other stays as it is, and is found.
 *
 * @returns a function that puts a backend behind this view
 */
export function roundingDeadlines(precisionMs: number): (backend: Backend) => Backend {
  const given = new Map<StoreKey, Given[]>()
  const told = <T extends Entry | undefined | true>(key: StoreKey, answer: T): T =>
    typeof answer === 'object'
      ? { ...answer, expires: meant(given.get(key) ?? [], answer, precisionMs) }
      : answer
  const toldPair = ([key, entry]: [StoreKey, Entry]): [StoreKey, Entry] => [key, told(key, entry)]
  const heard = (key: StoreKey, expires: number, body?: string) => {
    const list = given.get(key)
    if (list) list.push({ body, expires })
    else given.set(key, [{ body, expires }])
  }
  return (backend) => {
    const { scan, ownedBy, follow, prune, close, watch } = backend
    const view: Backend = {
      read: async (key) => told(key, await backend.read(key)),
      create: async (key, entry) => {
        heard(key, entry.expires, entry.body)
        return backend.create(key, entry)
      },
      replace: async (key, seen, entry, ending) => {
        heard(key, entry.expires, entry.body)
        return told(key, await backend.replace(key, seen, entry, ending))
      },
      remove: async (key, ending) => backend.remove(key, ending),
      extend: async (key, expires) => {
        heard(key, expires)
        return backend.extend(key, expires)
      },
    }
    if (scan) view.scan = (prefix) => mapped(scan.call(backend, prefix), toldPair)
    if (ownedBy) view.ownedBy = async (owner) => (await ownedBy.call(backend, owner)).map(toldPair)
    if (follow) view.follow = follow.bind(backend)
    if (prune) view.prune = async (now) => prune.call(backend, now)
    if (close) view.close = async () => close.call(backend)
    if (watch) view.watch = watch.bind(backend)
    return view
  }
}

/** A deadline that the key was given, with this body or with whichever it had. */
interface Given {
  readonly body: string | undefined
  readonly expires: number
}

function meant(given: readonly Given[], { body, expires }: Entry, precisionMs: number): number {
  const near = given.filter(
    (each) => Math.abs(each.expires - expires) <= precisionMs && (each.body ?? body) === body,
  )
  return near.at(-1)?.expires ?? expires
}

async function* mapped<T, R>(items: AsyncIterable<T>, map: (item: T) => R): AsyncGenerator<R> {
  for await (const item of items) yield map(item)
}
