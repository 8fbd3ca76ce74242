/**
 * Sessions as applications have them, made from a seed: nested objects and arrays, numbers, a token, a flash. The same
 * size gives the same data in every process and run.
 */
export const SIZES = {
  '0.1 kB': 0,
  '0.5 kB': 500,
  '2 kB': 2_000,
  '10 kB': 10_000,
  '20 kB': 20_000,
  '100 kB': 100_000,
} as const
export type Size = keyof typeof SIZES

/** Of a store's benchmarks: what most sessions are. */
export const SMALL_SIZES: readonly Size[] = ['0.1 kB', '2 kB']

interface Data {
  n: number
  state: { page: { visits: number; last: string } }
  [key: string]: unknown
}

/** mulberry32, a small generator in the public domain. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const WORDS =
  'amber birch cedar delta ember fjord grove harbor iris juniper kelp linen maple north ochre'.split(' ')
const COLOURS = ['red', 'green', 'blue', 'black', 'white']

export function sessionData(size: Size): Data {
  const random = randomFrom(SIZES[size] + 1)
  const pick = (list: readonly string[]): string => list[Math.floor(random() * list.length)] ?? ''
  const words = (count: number): string => Array.from({ length: count }, () => pick(WORDS)).join(' ')
  // A visitor who has not signed in: 0.1 kB.
  const data: Data = {
    n: 3,
    state: { page: { visits: 7, last: '/shoes' } },
    theme: { mode: 'dark', size: 2 },
  }
  if (SIZES[size] === 0) return data
  // Signed in: 0.5 kB.
  Object.assign(data, {
    user: {
      id: Math.floor(random() * 1e6),
      name: words(2),
      email: 'somebody@example.org',
      roles: ['customer', 'reviewer', pick(WORDS)],
      address: { street: words(2), number: Math.floor(random() * 200), city: pick(WORDS), verified: true },
    },
    csrf: Array.from({ length: 43 }, () => Math.floor(random() * 36).toString(36)).join(''),
    flash: { info: ['Welcome back!', words(4)], error: [] },
  })
  // A cart that fills the rest.
  const items: object[] = []
  while (JSON.stringify(data).length + JSON.stringify(items).length < SIZES[size] - 150) {
    items.push({
      sku: `sku-${Math.floor(random() * 1e6)}`,
      title: words(3),
      price: Math.round(random() * 10_000) / 100,
      quantity: 1 + Math.floor(random() * 4),
      options: { colour: pick(COLOURS), size: 36 + Math.floor(random() * 10), gift: random() < 0.1 },
    })
  }
  data['cart'] = { items, currency: 'EUR', updatedAt: 1_790_000_000_000 }
  return data
}
