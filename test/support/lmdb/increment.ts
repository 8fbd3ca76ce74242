// Adds 1 to the number under one key, so many times, against others who do the same, and says how often it met
// them. Runs as a process and as a thread.
import { parentPort, workerData } from 'node:worker_threads'
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
    if (i === 0) parentPort?.postMessage('started')
  }
  await backend.close()
  if (parentPort) parentPort.postMessage(conflicts)
  else console.log(conflicts)
}

const [path = '', times] = (workerData as string[] | null) ?? process.argv.slice(2)
main(path, Number(times))
