/** Substrings of V8 keep what they were cut from. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cookieValues } from '../../lib/cookie/header'
import { Signer } from '../../lib/cookie/signature'
import { requestIds } from '../../lib/session/request'
import { heapUsed } from '../support/garbage'

const HEADERS = 1000
const signer = new Signer(['a secret that is long enough for this'])
const other = 'x'.repeat(15_000)

/** As it comes from a parser: one string, all of it flat. Together they weigh 15 MB. */
const header = (n: number) =>
  Buffer.from(`other=${other}; sid=${encodeURIComponent(signer.sign(`id-of-session-${n}`))}`).toString(
    'latin1',
  )

async function heldBytes(keep: (header: string) => unknown): Promise<number> {
  const kept: unknown[] = []
  const before = await heapUsed()
  for (let n = 0; n < HEADERS; n++) kept.push(keep(header(n)))
  const held = (await heapUsed()) - before
  assert.equal(kept.length, HEADERS)
  return held
}

describe('long Cookie headers', () => {
  it('are not kept by the values in them that are remembered, nor by the ids', async () => {
    const held = await heldBytes((cookie) => {
      const [raw = ''] = cookieValues(cookie, 'sid')
      return signer.open(raw)
    })
    assert.ok(held < 3_000_000, `${held} bytes`)
  })

  it('are not kept by connections', async () => {
    const held = await heldBytes((cookie) => {
      const socket = {}
      const req = { httpVersionMajor: 1, headers: { cookie }, socket } as never
      assert.equal(requestIds(req, 'sid', signer, () => {}).length, 1)
      return socket
    })
    assert.ok(held < 3_000_000, `${held} bytes`)
  })

  it('with characters that HTTP has not are read as they are', () => {
    const raw = signer.sign('id-ü-Ω-😀')
    assert.equal(signer.open(raw), 'id-ü-Ω-😀')
    assert.equal(signer.recall(raw), 'id-ü-Ω-😀')
    assert.equal(signer.recall(Buffer.from(raw, 'latin1').toString('latin1')), undefined)
  })
})
