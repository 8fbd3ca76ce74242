// Lives through a disk that is full (here: no file may grow beyond a limit) and one that has room again.
import { execFileSync } from 'node:child_process'
import { LmdbBackend } from '../../../lib/store/lmdb'

const [path = '', mode = ''] = process.argv.slice(2)
const limit = (bytes: string) =>
  execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:unlimited`])

async function main(): Promise<void> {
  const backend = new LmdbBackend({ path, pruneInterval: 0 })
  const body = 'x'.repeat(3000)
  const entry = { body, expires: Infinity }
  limit('1000000')
  let written = 0
  try {
    for (; written < 1000; written++) await backend.create(`key ${written}`, entry)
  } catch (error) {
    const { code, cause } = error as { code: string; cause: unknown }
    console.log(code, cause instanceof Error)
  }
  const failed = await Promise.allSettled([1, 2, 3].map(async (n) => backend.create(`more ${n}`, entry)))
  console.log(failed.map(({ status }) => status).join(' '))
  console.log(backend.read('key 0')?.body === body, backend.read(`key ${written}`))
  if (mode === 'recover') {
    limit('unlimited')
    console.log(await backend.create(`key ${written}`, entry), backend.read(`key ${written}`)?.body === body)
  }
  await backend.close()
  console.log('closed')
}

main()
