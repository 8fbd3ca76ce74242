import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'

describe('what is said aloud', () => {
  it('names no session id, with NODE_DEBUG=sojourn and all warnings', async () => {
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', '--trace-warnings', join(__dirname, 'talk.ts')],
      { env: { ...process.env, NODE_DEBUG: 'sojourn' }, timeout: 20_000 },
    )
    const ids: string[] = JSON.parse(stdout)
    assert.ok(ids.length >= 10)
    assert.match(stderr, /SOJOURN \d+: session: write, because: changed/)
    assert.match(stderr, /renewed|destroyed/)
    for (const id of ids)
      assert.ok(
        !stderr.includes(id),
        `an id was told:\n${stderr.split('\n').find((line) => line.includes(id))}`,
      )
  })
})
