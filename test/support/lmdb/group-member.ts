// As one user of a group: adds 1 to the number under one key so many times, or opens and closes the file so many times.
import { LmdbBackend } from '../../../lib/store/lmdb'

const [path = '', uid, gid, task, times] = process.argv.slice(2)

async function main(): Promise<void> {
  // Loaded while this user can read where it is.
  require('lmdb')
  process.setgroups?.([])
  process.setgid?.(Number(gid))
  process.setuid?.(Number(uid))
  process.umask(0o022)
  const open = () => new LmdbBackend({ path, fileMode: 0o660, pruneInterval: 0 })
  if (task === 'reopen') {
    for (let i = 0; i < Number(times); i++) {
      const backend = open()
      backend.read('counter')
      await backend.close()
    }
    return
  }
  const backend = open()
  await backend.create('counter', { body: '0', expires: Date.now() + 3_600_000 })
  for (let i = 0; i < Number(times); i++) {
    await backend.change('counter', (current) => ({
      to: { body: String(Number(current?.body) + 1), expires: Date.now() + 3_600_000 },
      answer: undefined,
    }))
    if (i === 0) console.log('started')
  }
  await backend.close()
}

main()
