// Adds 1 to the number under one key, so many times, against other processes that do the same.
import { LmdbBackend } from '../../../lib/store/lmdb'

async function main(path: string, times: number): Promise<void> {
  const backend = new LmdbBackend({ path, pruneInterval: 0 })
  let conflicts = 0
  for (let i = 0; i < times; i++) {
    let seen = backend.read('counter')
    for (;;) {
      if (!seen) throw new Error('the counter is gone')
      const answer = await backend.replace('counter', seen.body, {
        ...seen,
        body: String(Number(seen.body) + 1),
      })
      if (answer === true) break
      seen = answer
      conflicts++
    }
  }
  await backend.close()
  console.log(conflicts)
}

main(process.argv[2] ?? '', Number(process.argv[3]))
