import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { byteLength, byteString, bytesFromText, textFromBytes } from '../../../lib/storage/server/bytes'
import { globMatcher } from '../../../lib/storage/server/glob'
import {
  Fields,
  type Reply,
  ReplyWriter,
  SimpleString,
  Verbatim,
} from '../../../lib/storage/server/resp/reply'

const SAMPLES: Buffer[] = [
  Buffer.alloc(0),
  Buffer.from('plain'),
  Buffer.from('zwölf und 🍪, '.repeat(50)),
  Buffer.from('\ufeffwith a mark in front'),
  Buffer.from('\uffff'),
  Buffer.from('\uffffplain'),
  Buffer.from('\0\0'),
  Buffer.from([0xed, 0xa0, 0x80]),
  Buffer.from([0xff]),
  Buffer.from([0xef, 0xbf]),
  Buffer.from([0xef, 0xbf, 0xbf, 0x80]),
  Buffer.from(Array.from({ length: 256 }, (_, i) => i)),
  Buffer.concat([Buffer.from('x'.repeat(1000)), Buffer.from([0xc3])]),
]

describe('the mapping of bytes to the text that a backend keeps', () => {
  it('gives back every byte string', () => {
    for (const bytes of SAMPLES) {
      const text = textFromBytes(bytes)
      assert.deepEqual(bytesFromText(text), bytes)
      assert.equal(byteLength(text), bytes.length)
      assert.equal(byteString(text), bytes.toString('latin1'))
    }
    for (let a = 0; a < 256; a++) {
      for (let b = 0; b < 256; b += 5)
        assert.deepEqual([...bytesFromText(textFromBytes(Buffer.from([a, b])))], [a, b])
    }
  })

  it('gives different byte strings different texts', () => {
    assert.equal(new Set(SAMPLES.map((bytes) => textFromBytes(bytes))).size, SAMPLES.length)
  })

  it('leaves UTF-8 readable', () => {
    assert.equal(textFromBytes(Buffer.from('{"name":"Zoë"}')), '{"name":"Zoë"}')
  })
})

describe('replies', () => {
  function encoded(reply: Reply, version: 2 | 3): string {
    const writer = new ReplyWriter()
    writer.write(reply, version)
    return Buffer.concat(
      writer
        .take()
        .map((piece) => (Buffer.isBuffer(piece) ? piece : Buffer.from(piece.text, piece.encoding))),
    ).toString('latin1')
  }

  it('differ between RESP 2 and 3 where the protocols do', () => {
    const both = (reply: Reply) => [encoded(reply, 2), encoded(reply, 3)]
    assert.deepEqual(both(null), ['$-1\r\n', '_\r\n'])
    assert.deepEqual(both(new Fields([['a', 1]])), ['*2\r\n$1\r\na\r\n:1\r\n', '%1\r\n$1\r\na\r\n:1\r\n'])
    assert.deepEqual(both(new Verbatim('hé')), ['$3\r\nh\xc3\xa9\r\n', '=7\r\ntxt:h\xc3\xa9\r\n'])
    assert.deepEqual(both([new SimpleString('OK'), 'x', null]), [
      '*3\r\n+OK\r\n$1\r\nx\r\n$-1\r\n',
      '*3\r\n+OK\r\n$1\r\nx\r\n_\r\n',
    ])
  })

  it('carry binary values byte for byte among text', () => {
    const bytes = Buffer.from([0xff, 0x0d, 0x0a, 0x00])
    assert.equal(
      encoded(['é', textFromBytes(bytes), 'z'], 2),
      `*3\r\n$2\r\n\xc3\xa9\r\n$4\r\n\xff\r\n\0\r\n$1\r\nz\r\n`,
    )
  })

  it('cannot be split by a line end inside a status', () => {
    assert.equal(encoded(new SimpleString('a\r\n+b'), 2), '+a  +b\r\n')
  })
})

describe('a pattern', () => {
  function matches(pattern: string, text: string): { matched: boolean; turns: number } {
    const matching = globMatcher(pattern)(text)
    let turns = 0
    for (let step = matching.next(); ; step = matching.next()) {
      if (step.done) return { matched: step.value, turns }
      turns++
    }
  }

  it('matches as in Redis, also where its places fill a word of 32 bits and more', () => {
    for (const length of [0, 1, 30, 31, 32, 33, 63, 64, 65, 100]) {
      const text = Array.from({ length }, (_, i) => 'abcdefg'[i % 7]).join('')
      for (const [pattern, wanted] of [
        [text, true],
        [`${text}?`, false],
        [`${text}*`, true],
        [`*${text}`, true],
        [`*${text}**`, true],
        [text.replace(/./g, '?'), true],
        [text.replace(/./g, '[a-g]'), true],
        [text.replace(/./g, '?*'), true],
        [text.replace(/.$/, '[^a-g]'), length === 0],
        [`*${text.slice(length >> 1)}`, true],
        [`${text.slice(0, length >> 1)}*`, true],
        [`x*${text}`, false],
        [`*${text}x*`, false],
      ] as const) {
        assert.equal(matches(pattern, text).matched, wanted, `${pattern} on ${text}`)
      }
    }
  })

  for (const pattern of [`${'a*'.repeat(511)}b`, `*${'a'.repeat(1022)}b`, `*${'?'.repeat(1022)}b`]) {
    it(`${pattern.slice(0, 6)}… of 1,024 bytes takes time in proportion to the text, in turns`, () => {
      const started = process.cpuUsage().user
      const { matched, turns } = matches(pattern, 'a'.repeat(60_000))
      assert.equal(matched, false)
      assert.ok(process.cpuUsage().user - started < 500_000, 'microseconds')
      assert.ok(turns <= 2, `${turns}`)
    })
  }
})
