import { type Case, later } from './case'

export const ENDS: Case[] = [
  { name: 'an empty end', run: (p) => p.end() },
  { name: 'end(chunk)', run: (p) => p.end('hello') },
  { name: 'end(chunk, encoding)', run: (p) => p.end('aGVsbG8=', 'base64') },
  { name: 'end(callback)', run: (p) => p.end(p.callback('end')) },
  { name: 'end(chunk, callback)', run: (p) => p.end('hello', p.callback('end')) },
  { name: 'end(chunk, encoding, callback)', run: (p) => p.end('héllo', 'latin1', p.callback('end')) },
  { name: 'end(null, null, callback)', run: (p) => p.end(null, null, p.callback('end')) },
  { name: 'end(undefined)', run: (p) => p.end(undefined) },
  { name: 'end of an empty string', run: (p) => p.end('') },
  { name: 'end of a Buffer', run: (p) => p.end(Buffer.from([0, 1, 2, 255])) },
  { name: 'end of a Uint8Array', run: (p) => p.end(new Uint8Array([1, 2, 3])) },
  { name: 'end of an empty Buffer', run: (p) => p.end(Buffer.alloc(0)) },
  {
    name: 'end of something that is no chunk, then a right end',
    run: (p) => {
      p.end(42)
      p.end({})
      p.end('right')
    },
  },
  {
    name: 'end in a later turn',
    run: async (p) => {
      await later()
      p.end('later')
    },
  },
]

export const WRITES: Case[] = [
  {
    name: 'write then end',
    run: (p) => {
      p.write('a')
      p.end('b')
    },
  },
  {
    name: 'many writes',
    run: (p) => {
      for (let i = 0; i < 20; i++) p.write(`line ${i}\n`)
      p.end()
    },
  },
  {
    name: 'writes with callbacks',
    run: (p) => {
      p.write('a', p.callback('first'))
      p.write('62', 'hex', p.callback('second'))
      p.write(Buffer.from('c'), undefined, p.callback('third'))
      p.end('d', p.callback('end'))
    },
  },
  {
    name: 'writes in different turns',
    run: async (p) => {
      p.write('a', p.callback('first'))
      await later()
      p.write('b', p.callback('second'))
      await new Promise((resolve) => setTimeout(resolve, 10))
      p.write('c', p.callback('third'))
      await later()
      p.end(p.callback('end'))
    },
  },
  {
    name: 'a write of null',
    run: (p) => {
      p.write(null)
      p.end('after')
    },
  },
  {
    name: 'writes of what is no chunk',
    run: (p) => {
      p.write(42)
      p.write(undefined)
      p.write({})
      p.write(['a'])
      p.end('after')
    },
  },
  {
    name: 'a bad write between good ones',
    run: (p) => {
      p.write('a')
      p.write(42)
      p.write(null)
      p.write('b')
      p.end()
    },
  },
  {
    name: 'an empty write',
    run: (p) => {
      p.write('')
      p.write('a')
      p.end('')
    },
  },
  {
    name: 'write after end',
    run: (p) => {
      p.end('whole')
      p.write('more', p.callback('late write'))
    },
  },
  {
    name: 'write after end in a later turn',
    run: async (p) => {
      p.end('whole')
      await new Promise((resolve) => p.res.once('close', resolve))
      p.write('more', p.callback('late write'))
    },
  },
  {
    name: 'a write above the high-water mark',
    run: (p) => {
      p.write(Buffer.alloc(200_000, 'x'))
      p.end()
    },
  },
  {
    name: 'cork, writes, uncork',
    run: async (p) => {
      p.call('cork')
      p.write('a')
      p.write('b')
      p.call('uncork')
      await later()
      p.end('c')
    },
  },
]
