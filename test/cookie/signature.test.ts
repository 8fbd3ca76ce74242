import assert from 'node:assert/strict'
import { createHmac, createSecretKey } from 'node:crypto'
import { describe, it } from 'node:test'
import { sign as oldSign } from 'cookie-signature'
import { generateId } from '../../lib/base/ids'
import { Signer } from '../../lib/cookie/signature'
import { heapUsed } from '../support/garbage'

const byHand = (id: string, secret: string | Buffer) =>
  `s:${id}.${createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '')}`

describe('the signature of a cookie', () => {
  it('is that of live express-session cookies, for every kind of secret', () => {
    const bytes = Buffer.from([0, 255, 16])
    for (const [secret, plain] of [
      ['a', 'a'],
      ['ü😀', 'ü😀'],
      [bytes, bytes],
      [new Uint8Array(bytes), bytes],
      [createSecretKey(bytes), bytes],
    ] as Array<[any, string | Buffer]>) {
      const signer = new Signer([secret])
      for (const id of ['id', 'a.b.c', 'ü', generateId()]) {
        assert.equal(signer.sign(id), byHand(id, plain))
        assert.equal(signer.seal(id), encodeURIComponent(byHand(id, plain)))
        assert.equal(signer.open(signer.seal(id)), id)
      }
    }
    assert.equal(new Signer(['a']).sign('id'), `s:${oldSign('id', 'a')}`)
  })

  it('is made with the first secret and verified with all', () => {
    const signer = new Signer(['new', 'old', 'older'])
    assert.equal(signer.sign('id'), byHand('id', 'new'))
    for (const secret of ['new', 'old', 'older']) {
      assert.equal(signer.open(encodeURIComponent(byHand('id', secret))), 'id')
      assert.equal(signer.verify(byHand('id', secret)), 'id')
    }
    assert.equal(signer.open(encodeURIComponent(byHand('id', 'other'))), undefined)
  })

  it('refuses whatever is not exactly a signed id', () => {
    const signer = new Signer(['a'])
    const good = byHand('id', 'a')
    for (const raw of [
      ...['', 's:', 's:.', 's:id', 's:id.', 'id', '.', '%', '%E0%A4%A', 's%3A'],
      ...[
        good.slice(2),
        good.slice(0, -1),
        `${good}A`,
        good.toUpperCase(),
        `S${good.slice(1)}`,
        ` ${good}`,
        `${good} `,
      ],
      byHand('id', 'a').replace('id.', 'ie.'),
    ]) {
      assert.equal(signer.open(raw), undefined, raw)
      assert.equal(signer.open(raw), undefined, 'asked again')
    }
    assert.equal(signer.open(good), 'id')
    assert.equal(signer.open(encodeURIComponent(good)), 'id')
  })

  it('a forgery is not remembered, and a good one stays good among many', () => {
    const signer = new Signer(['a'])
    const good = signer.seal('id')
    for (let i = 0; i < 20_000; i++) assert.equal(signer.open(`s%3A${i}.forged`), undefined)
    assert.equal(signer.open(good), 'id')
    const values = Array.from({ length: 10_000 }, (_, i) => signer.seal(`id-${i}`))
    values.forEach((value, i) => {
      assert.equal(signer.open(value), `id-${i}`)
    })
    assert.equal(signer.open(good), 'id')
  })

  it('memory of verified values is bounded, in number and in length', async () => {
    const signer = new Signer(['a'])
    const before = await heapUsed()
    for (let i = 0; i < 30_000; i++) signer.open(encodeURIComponent(byHand(`session-${i}`, 'a')))
    for (let i = 0; i < 1000; i++) signer.open(encodeURIComponent(byHand(`${i}${'x'.repeat(9000)}`, 'a')))
    const grown = (await heapUsed()) - before
    // All of them would weigh more than 15 MB; two generations of 4096 weigh 2.
    assert.ok(grown < 5_000_000, `${grown} bytes`)
    assert.equal(signer.open(signer.seal('session-1')), 'session-1')
  })
})
