import { after } from 'node:test'
import type { Owner } from '../../support/app'

/** Owns what a whole `describe` shares; call it in its body. */
export function suiteOwner(): Owner {
  const works: Array<() => unknown> = []
  after(async () => {
    for (const work of works.reverse()) await work()
  })
  return { after: (work) => works.push(work) }
}
