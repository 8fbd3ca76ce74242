// Prunes, stops for ever after the first batch with the lease in its hands, says so, and waits to be killed.
import { writeSync } from 'node:fs'
import { LmdbBackend } from '../../../lib/store/lmdb'

const [path = '', now = ''] = process.argv.slice(2)
let asked = 0
const clock = () => {
  // The first time it takes the lease, the second time it looks whether to renew it.
  if (++asked === 2) {
    writeSync(1, 'in the middle of it\n')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  }
  return Date.now()
}

new LmdbBackend({ path, pruneInterval: 0, clock }).prune(Number(now))
