// A storage server and two web processes behind which it stands: node examples/storage-server
// Visit one of the two addresses, stop its process (the page shows its number: kill 12345), and visit the other one:
// the count goes on. In production the storage server is the program sojourn-storage.
const { fork } = require('node:child_process')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { SessionStorage } = require('sojourn/storage')

async function start() {
  const saveFile = process.env.SAVE_FILE || join(tmpdir(), 'sojourn-example', 'sessions')
  const storage = new SessionStorage({ saveFile, port: process.env.STORAGE_PORT || 3001 })
  await storage.listen()
  const env = { ...process.env, STORAGE_URL: `redis://127.0.0.1:${storage.address().port}` }
  const web = (process.env.PORTS || '3000,3002')
    .split(',')
    .map((port) => fork(join(__dirname, 'web.js'), { env: { ...env, PORT: port } }))
  const stop = () => {
    for (const child of web) child.kill()
    storage.close()
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
}

if (require.main === module) start()
