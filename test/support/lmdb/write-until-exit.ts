// Writes without waiting, says each acknowledged one, and leaves by process.exit() with others under way.
import { writeSync } from 'node:fs'
import { LmdbBackend } from '../../../lib/store/lmdb'

const [path = '', name = '', count = ''] = process.argv.slice(2)
const backend = new LmdbBackend({ path, pruneInterval: 0 })
const expires = Date.now() + 3_600_000
const LANES = 16
let acknowledged = 0

async function lane(number: number): Promise<void> {
  for (let n = 0; n < 1000; n++) {
    const key = `${name}-${number}-${n}`
    await backend.create(key, { body: 'x'.repeat(1000), expires, owner: name })
    writeSync(1, `${key}\n`)
    if (++acknowledged === Number(count)) process.exit(0)
  }
}

for (let number = 0; number < LANES; number++) lane(number)
