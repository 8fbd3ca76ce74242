import type { Case } from './case'

/** Lengths, and answers without a body. */
export const LENGTHS: Case[] = [
  {
    name: 'Content-Length set right',
    run: (p) => {
      p.res.setHeader('Content-Length', 5)
      p.end('hello')
    },
  },
  {
    name: 'Content-Length set right, in two writes and an empty end',
    run: (p) => {
      p.res.setHeader('content-length', '10')
      p.write('hello')
      p.write('world', p.callback('last write'))
      p.end(p.callback('end'))
    },
  },
  {
    name: 'Content-Length set too large',
    run: (p) => {
      p.res.setHeader('Content-Length', 9)
      p.end('hello')
    },
  },
  {
    name: 'Content-Length set too small',
    run: (p) => {
      p.res.setHeader('Content-Length', 2)
      p.end('hello')
    },
  },
  {
    name: 'HEAD with a body',
    method: 'HEAD',
    run: (p) => {
      p.res.setHeader('Content-Length', 5)
      p.end('hello', p.callback('end'))
    },
  },
  {
    name: 'HEAD with writes',
    method: 'HEAD',
    run: (p) => {
      p.write('a', p.callback('write'))
      p.end('b')
    },
  },
  {
    name: '204',
    run: (p) => {
      p.res.statusCode = 204
      p.end()
    },
  },
  {
    name: '204 with a body',
    run: (p) => {
      p.head(204)
      p.end('ignored')
    },
  },
  {
    name: '304',
    run: (p) => {
      p.res.setHeader('ETag', '"x"')
      p.res.statusCode = 304
      p.end()
    },
  },
]
