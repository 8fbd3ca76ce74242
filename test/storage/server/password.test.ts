import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { RespServer } from '../../../lib/storage/server/listener'
import { networkOf } from '../../../lib/storage/server/password-gate'
import { request } from '../../support/raw-resp'
import { LIMITS, type Served, serve } from '../../support/resp-server'

describe('a server with a password', () => {
  let served: Served
  afterEach(() => served.stop())
  const withPassword = async () => {
    served = await serve(undefined, { requirepass: 'pässword' })
    return served.client()
  }

  it('does nothing for a client that has not given it', async () => {
    const client = await withPassword()
    for (const words of [
      ['GET', 'a'],
      ['SET', 'a', 'b'],
      ['FLUSHDB'],
      ['INFO'],
      ['COMMAND'],
      ['CLIENT', 'ID'],
    ]) {
      assert.equal(await client.send(...words), '-NOAUTH Authentication required.\r\n')
    }
    assert.match(await client.send('HELLO', '3'), /^-NOAUTH HELLO must be called/)
    assert.match(await client.send('AUTH', 'wrong'), /^-WRONGPASS/)
    assert.match(await client.send('AUTH', 'somebody', 'pässword'), /^-WRONGPASS/)
    assert.match(await client.send('HELLO', '3', 'AUTH', 'default', ''), /^-WRONGPASS/)
    assert.equal(await client.send('GET', 'a'), '-NOAUTH Authentication required.\r\n')
  })

  it('serves one that has: AUTH password, AUTH default password, HELLO', async () => {
    const client = await withPassword()
    assert.equal(await client.send('AUTH', 'pässword'), '+OK\r\n')
    assert.equal(await client.send('GET', 'a'), '$-1\r\n')
    assert.equal(await served.client().send('AUTH', 'default', 'pässword'), '+OK\r\n')
    const third = served.client()
    const hello = await third.send('HELLO', '3', 'AUTH', 'default', 'pässword', 'SETNAME', 'web')
    assert.match(hello, /^%7\r\n\$6\r\nserver\r\n\$7\r\nsojourn\r\n/)
    assert.equal(await third.send('GET', 'a'), '_\r\n')
    assert.equal(await third.send('CLIENT', 'GETNAME'), '$3\r\nweb\r\n')
  })

  it('hears the commands that come in one piece with AUTH, large ones too', async () => {
    const client = await withPassword()
    const value = 'v'.repeat(100_000)
    client.write(
      Buffer.concat([request('AUTH', 'pässword'), request('SET', 'a', value), request('GET', 'a')]),
    )
    assert.deepEqual(await client.replies(3), ['+OK\r\n', '+OK\r\n', `$100000\r\n${value}\r\n`])
  })

  it('looks at the next password after a wrong one, of all connections from an address, only after a pause', async () => {
    const pause = 150
    served = await serve(undefined, { requirepass: 'right', limits: { wrongPasswordPause: pause } })
    const inside = served.client()
    assert.equal(await inside.send('AUTH', 'right'), '+OK\r\n')
    const order: string[] = []
    const startedAt = performance.now()
    assert.match(await served.client().send('AUTH', 'wrong'), /^-WRONGPASS/)
    const guesses = Array.from({ length: 4 }, async (_, i) => {
      const reply = await served.client().send('AUTH', `wrong${i}`)
      order.push(reply.slice(0, 10))
    })
    const late = [1, 2].map(async () => order.push(await served.client().send('AUTH', 'right')))
    // Those inside, and those who come from elsewhere, notice nothing.
    assert.equal(await inside.send('GET', 'a'), '$-1\r\n')
    assert.equal(await served.client('127.0.0.2').send('AUTH', 'right'), '+OK\r\n')
    assert.deepEqual(order, [])
    await Promise.all([...guesses, ...late])
    assert.ok(performance.now() - startedAt > 4 * pause)
    assert.equal(order.filter((reply) => reply === '-WRONGPASS').length, 4)
    assert.equal(order.filter((reply) => reply === '+OK\r\n').length, 2)
  })

  it('takes commands behind a password that has to wait', async () => {
    const client = await withPassword()
    client.write(
      Buffer.concat([
        request('AUTH', 'wrong'),
        request('AUTH', 'pässword'),
        request('SET', 'a', 'v'.repeat(50_000)),
      ]),
    )
    const replies = await client.replies(3)
    assert.match(replies.shift() ?? '', /^-WRONGPASS/)
    assert.deepEqual(replies, ['+OK\r\n', '+OK\r\n'])
  })

  it('knows the network of an address', () => {
    for (const [address, network] of [
      ['10.1.2.3', '10.1.2.3'],
      ['::ffff:10.1.2.3', '10.1.2.3'],
      ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
      ['2001:db8::6', '2001:db8:0:0'],
      ['::1', '0:0:0:0'],
      ['', ''],
    ] as const) {
      assert.equal(networkOf(address), network)
    }
  })

  it('takes only small requests before that', async () => {
    const large = await withPassword()
    large.write(request('AUTH', 'x'.repeat(20_000)))
    assert.equal(await large.rest(), '-ERR Protocol error: invalid bulk length\r\n')
    const long = served.client()
    long.write(request(...Array.from({ length: 11 }, () => 'x')))
    assert.equal(await long.rest(), '-ERR Protocol error: invalid multibulk length\r\n')
  })
})

describe('a server without a password', () => {
  let served: Served | undefined
  afterEach(() => served?.stop())

  for (const host of ['0.0.0.0', '::']) {
    it(`refuses to listen on ${host}`, async () => {
      served = await serve()
      const options = {
        keyspace: served.keyspace,
        maxConnections: 1,
        limits: LIMITS,
        onFailure: () => undefined,
      }
      const open = new RespServer(options)
      await assert.rejects(open.listen(0, host), { name: 'TypeError', code: 'ERR_SESSION_OPTION' })
      assert.equal(open.address(), undefined)
      const closed = new RespServer({ ...options, requirepass: 'x' })
      await closed.listen(0, host === '::' ? '127.0.0.1' : host)
      await closed.close()
    })
  }

  it('says so to a client that sends one', async () => {
    served = await serve()
    assert.match(await served.client().send('AUTH', 'x'), /^-ERR AUTH <password> called without any password/)
  })
})
