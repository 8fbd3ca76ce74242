// Lives of many sessions, several at a time, until somebody kills it. Says each acknowledged step, and only then.
import { writeSync } from 'node:fs'
import { LmdbBackend } from '../../../lib/store/lmdb'

const [path = '', name = ''] = process.argv.slice(2)
const backend = new LmdbBackend({ path, pruneInterval: 0 })
const HOUR_MS = 3_600_000

function acknowledged(key: string, step: string): void {
  for (;;) {
    try {
      writeSync(1, `${key} ${step}\n`)
      return
    } catch (error) {
      // The reader is behind; a line goes into the pipe whole or not at all.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    }
  }
}

async function life(key: string): Promise<void> {
  const expires = () => Date.now() + HOUR_MS * (1 + Math.random())
  const owner = () => `user ${Math.floor(Math.random() * 5)}`
  if (!(await backend.create(key, { body: '1', expires: expires(), owner: owner() })))
    throw new Error('taken')
  acknowledged(key, '1')
  for (let step = 2; step <= 4; step++) {
    const entry = { body: String(step), expires: expires(), owner: owner() }
    if ((await backend.replace(key, String(step - 1), entry)) !== true) throw new Error('not replaced')
    acknowledged(key, String(step))
    if (!(await backend.extend(key, expires()))) throw new Error('not extended')
  }
  if (Math.random() < 0.5) {
    await backend.remove(key)
    acknowledged(key, 'removed')
  }
}

async function lives(lane: number): Promise<void> {
  for (let n = 0; ; n++) await life(`${name}-${lane}-${n}`)
}

for (let lane = 0; lane < 4; lane++) lives(lane)
