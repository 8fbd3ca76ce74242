// Opens and closes the file again and again while others write to it.
import { LmdbBackend } from '../../../lib/store/lmdb'

const [path = '', times = ''] = process.argv.slice(2)

async function main(): Promise<void> {
  for (let i = 0; i < Number(times); i++) {
    const backend = new LmdbBackend({ path, pruneInterval: 0 })
    backend.read('counter')
    await backend.close()
  }
}

main()
