import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { it } from 'node:test'
import { folderFor } from '../../support/storage-process'

const addressesIn = (output: string) => output.match(/^http.*(?=\n)/gm) ?? []

const root = join(__dirname, '../../..')

it('examples/storage-server: one web process is stopped, and the visitor goes on at the other', async (t) => {
  const env = { ...process.env, STORAGE_PORT: '0', PORTS: '0,0', SAVE_FILE: join(folderFor(t), 's') }
  const preload = ['--import', 'tsx', '--require', join(root, 'test/support/own-package.cjs')]
  const main = spawn(process.execPath, [...preload, join(root, 'examples/storage-server/index.js')], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(main, 'close')
  t.after(() => main.kill('SIGKILL'))
  let output = ''
  for await (const text of main.stdout) {
    output += text
    if (addressesIn(output).length === 2) break
  }
  const [first = '', second = ''] = addressesIn(output)
  const visit = async (url: string, cookie = '') => {
    const response = await fetch(url, { headers: { cookie, connection: 'close' } })
    return {
      ...((await response.json()) as { views: number; process: number }),
      cookie: response.headers.get('set-cookie')?.split(';')[0] ?? cookie,
    }
  }
  const one = await visit(first)
  const two = await visit(second, one.cookie)
  assert.deepEqual([one.views, two.views], [1, 2])
  assert.notEqual(one.process, two.process)
  process.kill(one.process)
  for (;;) {
    const gone = await visit(first).then(
      () => false,
      () => true,
    )
    if (gone) break
  }
  assert.equal((await visit(second, one.cookie)).views, 3)
  main.kill('SIGTERM')
  const [code] = await ended
  assert.equal(code, 0)
})
