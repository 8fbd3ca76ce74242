import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, afterEach, before, describe, it } from 'node:test'
import { RequestParser } from '../../../lib/storage/server/resp/parser'
import { request } from '../../support/raw-resp'
import { type Served, serve } from '../../support/resp-server'

const GENEROUS = { maxRequestBytes: 1 << 20, maxArguments: 1000 }

function parseAll(chunks: Buffer[]): string[][] {
  const parser = new RequestParser(GENEROUS)
  const found: string[][] = []
  for (const chunk of chunks) {
    parser.push(chunk)
    for (let args = parser.next(); args !== undefined; args = parser.next()) found.push(args)
  }
  return found
}

describe('requests, however they are cut up', () => {
  const wanted = [['SET', 'k', 'ü'.repeat(300)], ['ping'], ['GET', ''], ['set', 'a', 'b'], ['GET', 'k']]
  const bytes = Buffer.concat([
    request('SET', 'k', 'ü'.repeat(300)),
    Buffer.from('\r\nping\r\n*0\r\n*-1\r\n'),
    request('GET', ''),
    Buffer.from('  set  a\tb \r\n \r\n'),
    request('GET', 'k'),
  ])

  it('are the same requests', () => {
    assert.deepEqual(parseAll([bytes]), wanted)
    assert.deepEqual(parseAll([...bytes].map((byte) => Buffer.of(byte))), wanted)
    for (let cut = 1; cut < bytes.length; cut++) {
      assert.deepEqual(parseAll([bytes.subarray(0, cut), bytes.subarray(cut)]), wanted)
    }
  })

  it('a large argument that comes byte by byte costs no more than its length', () => {
    const large = request('SET', 'k', 'v'.repeat(200_000))
    const started = process.cpuUsage().user
    assert.equal(parseAll([...large].map((byte) => Buffer.of(byte))).length, 1)
    assert.ok(process.cpuUsage().user - started < 2_000_000, 'microseconds')
  })
})

describe('input that is no request', () => {
  let served: Served
  before(async () => {
    served = await serve()
  })
  after(() => served.stop())

  /** Sends this after a good request; gives what came back until the server closed. */
  async function answerTo(bytes: string | Buffer): Promise<string> {
    const client = served.client()
    assert.equal(await client.send('PING'), '+PONG\r\n')
    client.write(bytes)
    return client.rest()
  }

  for (const [bytes, answer] of [
    ['*x\r\n', 'invalid multibulk length'],
    ['*99999999999999999999\r\n', 'invalid multibulk length'],
    ['*2000000\r\n', 'invalid multibulk length'],
    ['*1\n$4\r\nPING\r\n', 'invalid multibulk length'],
    ['*\r\n', 'invalid multibulk length'],
    ['*1\r\n+PING\r\n', "expected '$', got '+'"],
    ['*1\r\n\x01', "expected '$', got '?'"],
    ['*1\r\n$-1\r\n', 'invalid bulk length'],
    ['*1\r\n$1000000000000\r\n', 'invalid bulk length'],
    [`*1\r\n$${1 << 20}\r\n`, 'invalid bulk length'],
    ['*1\r\n$4\r\nPINGxx', 'invalid bulk length'],
    ['"open\r\n', 'quotes in inline request'],
    ["echo 'a b'\r\n", 'quotes in inline request'],
    ['x'.repeat(70_000), 'too big inline request'],
    [Buffer.alloc(70_000, 0xff), 'too big inline request'],
  ] as const) {
    it(`${JSON.stringify(bytes.toString('latin1').slice(0, 24))} is answered and ends the connection`, async () => {
      assert.equal(await answerTo(bytes), `-ERR Protocol error: ${answer}\r\n`)
    })
  }

  it('answers the requests before it first', async () => {
    const answer = await answerTo(Buffer.concat([request('ECHO', 'a'), Buffer.from('*x\r\n')]))
    assert.equal(answer, '$1\r\na\r\n-ERR Protocol error: invalid multibulk length\r\n')
  })

  it('arguments that are small one by one but too large together are refused', async () => {
    const many = Array.from({ length: 300 }, () => 'v'.repeat(4096))
    assert.match(await answerTo(request('MGET', ...many)), /invalid bulk length/)
  })

  it('HTTP from a browser is hung up on', async () => {
    const witness = served.client()
    await witness.send('SET', 'guard', 'v')
    assert.equal(await answerTo('POST / HTTP/1.1\r\nHost: localhost\r\n\r\nFLUSHDB\r\n'), '')
    assert.equal(await answerTo('GET / HTTP/1.1\r\nHost: localhost\r\n\r\nFLUSHDB\r\n'), '')
    assert.equal(await witness.send('GET', 'guard'), '$1\r\nv\r\n')
  })

  it('leaves the other clients alone', async () => {
    const client = served.client()
    await client.send('SET', 'k', 'v')
    await answerTo('*x\r\n')
    assert.equal(await client.send('GET', 'k'), '$1\r\nv\r\n')
    assert.deepEqual(served.failures, [])
  })

  it('what comes after QUIT is not done', async () => {
    const client = served.client()
    client.write(Buffer.concat([request('SET', 'q', '1'), request('QUIT'), request('SET', 'q', '2')]))
    assert.equal(await client.rest(), '+OK\r\n+OK\r\n')
    assert.equal(await served.client().send('GET', 'q'), '$1\r\n1\r\n')
  })

  it('a client that ends its side is still answered', async () => {
    const socket = connect({ port: served.port, host: '127.0.0.1' })
    const bytes = Buffer.concat([
      request('SET', 'half', 'v'),
      request('GET', 'half'),
      Buffer.from('*2\r\n$3'),
    ])
    socket.end(bytes)
    let received = ''
    for await (const chunk of socket) received += chunk
    assert.equal(received, '+OK\r\n$1\r\nv\r\n')
  })
})

describe('a client that does not go on', () => {
  let served: Served
  afterEach(() => served.stop())

  it('with half a request is let go', async () => {
    served = await serve(undefined, { limits: { stallTimeout: 30 } })
    const client = served.client()
    client.write('*2\r\n$3\r\nGE')
    assert.equal(await client.rest(), '')
  })

  it('without the password is let go, even if it sends a little now and then', async () => {
    served = await serve(undefined, { requirepass: 'secret', limits: { stallTimeout: 50 } })
    const client = served.client()
    const drip = setInterval(() => client.write(request('PING')), 10)
    assert.match(await client.rest(), /^(-NOAUTH Authentication required\.\r\n)+$/)
    clearInterval(drip)
  })

  it('after a whole request may be idle', async () => {
    served = await serve(undefined, { limits: { stallTimeout: 20 } })
    const client = served.client()
    await client.send('SET', 'k', 'v')
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert.equal(await client.send('GET', 'k'), '$1\r\nv\r\n')
    client.write('*2\r\n$3\r\nGE')
    assert.equal(await client.rest(), '', 'and is let go with half of the next one')
  })
})

describe('requests that were damaged on the way, 400 times in different places', () => {
  it('harm nobody but their own connection', async (t) => {
    const served = await serve()
    t.after(() => served.stop())
    const witness = served.client()
    await witness.send('SET', 'witness', 'v')
    const whole = Buffer.concat([
      request('SET', 'damaged', 'x'.repeat(40), 'EX', '100'),
      request('MGET', 'damaged', 'other'),
      Buffer.from('get damaged\r\n'),
      request('SCAN', '0', 'MATCH', 'd*[a-z]?'),
      request('HELLO', '3'),
    ])
    let state = 7
    const below = (limit: number): number => {
      state = (state * 1_103_515_245 + 12_345) & 0x7fffffff
      return (state >> 8) % limit
    }
    for (let i = 0; i < 400; i++) {
      const damaged = Buffer.from(whole)
      for (let n = 1 + below(4); n > 0; n--) damaged[below(damaged.length)] = below(256)
      const client = served.client()
      const cut = below(damaged.length)
      client.write(damaged.subarray(0, cut))
      client.socket.end(damaged.subarray(cut))
      await client.rest()
      client.close()
    }
    assert.equal(await witness.send('GET', 'witness'), '$1\r\nv\r\n')
    assert.deepEqual(served.failures, [])
  })
})
