import { type Case, later } from './case'

/** Heads, and all that is sent before the body. */
export const HEADS: Case[] = [
  {
    name: 'an early writeHead',
    run: (p) => {
      p.head(201)
      p.look('statusCode', p.res.statusCode)
      p.look('statusMessage', p.res.statusMessage)
      p.end('made')
    },
  },
  {
    name: 'writeHead with an object',
    run: (p) => {
      p.head(200, { 'Content-Type': 'text/plain', 'X-Many': ['1', '2'], 'content-length': 2 })
      p.end('ok')
    },
  },
  {
    name: 'writeHead with an object over headers that were set',
    run: (p) => {
      p.res.setHeader('X-A', 'old')
      p.res.setHeader('X-B', 'kept')
      p.head(200, { 'x-a': 'new' })
      p.look('x-a', p.res.getHeader('x-a'))
      p.look('x-b', p.res.getHeader('x-b'))
      p.end('ok')
    },
  },
  {
    name: 'writeHead with a flat list',
    list: true,
    run: (p) => {
      p.head(200, ['X-One', '1', 'X-Two', '2', 'X-One', '3'])
      p.end('ok')
    },
  },
  {
    name: 'writeHead with a list of pairs',
    list: true,
    run: (p) => {
      p.head(200, [
        ['X-One', '1'],
        ['X-Two', '2'],
      ])
      p.end('ok')
    },
  },
  {
    name: 'writeHead with a reason',
    run: (p) => {
      p.head(404, 'Not Here')
      p.look('statusMessage', p.res.statusMessage)
      p.end()
    },
  },
  {
    name: 'writeHead with a reason and headers',
    run: (p) => {
      p.head(404, 'Not Here', { 'X-A': '1' })
      p.end('gone')
    },
  },
  {
    name: 'writeHead with undefined and headers',
    run: (p) => {
      p.head(202, undefined, { 'X-A': '1' })
      p.end('x')
    },
  },
  {
    name: 'writeHead with a cookie of its own',
    run: (p) => {
      p.head(200, { 'Set-Cookie': 'own=1; Path=/' })
      p.end('ok')
    },
  },
  {
    name: 'writeHead with two cookies in a list',
    list: true,
    run: (p) => {
      p.head(200, ['Set-Cookie', 'own=1', 'Set-Cookie', 'other=2'])
      p.end('ok')
    },
  },
  {
    name: 'a cookie that was set, and writeHead with another',
    run: (p) => {
      p.res.setHeader('Set-Cookie', ['a=1', 'b=2'])
      p.head(200, { 'X-A': '1' })
      p.end('ok')
    },
  },
  {
    name: 'writeHead with a Cache-Control of its own',
    run: (p) => {
      p.head(200, { 'Cache-Control': 'private, max-age=5' })
      p.end('ok')
    },
  },
  {
    name: 'writeHead and nothing else for a while',
    run: async (p) => {
      p.head(200, { 'X-A': '1' })
      await later()
      p.end('ok')
    },
  },
  {
    name: 'writeHead twice',
    run: (p) => {
      p.head(200)
      p.head(201)
      p.end('ok')
    },
  },
  {
    name: 'writeHead after end',
    run: (p) => {
      p.end('ok')
      p.head(500)
    },
  },
  {
    name: 'writeHead with a status that is none',
    run: (p) => {
      p.head(9999)
      p.head('x')
      p.end('ok')
    },
  },
  {
    name: 'writeHead with a header that is none, then a right one',
    run: (p) => {
      p.head(200, { 'X-A': 'a\nb' })
      p.look('headersSent', p.res.headersSent)
      p.res.removeHeader('X-A')
      p.head(200, { 'X-B': 'b' })
      p.end('ok')
    },
  },
  {
    name: 'writeHead with an undefined value',
    run: (p) => {
      p.head(200, { 'X-A': undefined })
      p.end('ok')
    },
  },
  {
    name: 'writeHead with an odd list',
    run: (p) => {
      p.res.setHeader('X-B', '1')
      p.head(200, ['X-A'])
      p.end('ok')
    },
  },
  {
    name: 'headers after end',
    run: (p) => {
      p.end('ok')
      p.call('setHeader', 'X-Late', '1')
      p.call('appendHeader', 'X-Late', '1')
      p.call('removeHeader', 'X-Late')
      p.call('setHeaders', new Map([['X-Late', '1']]))
      p.look('getHeader', p.res.getHeader('x-late'))
    },
  },
  {
    name: 'a status code after end',
    run: (p) => {
      p.end('ok')
      p.res.statusCode = 500
      p.res.statusMessage = 'Too Late'
    },
  },
  {
    name: 'a status code after a write',
    run: (p) => {
      p.write('ok')
      p.res.statusCode = 500
      p.end()
    },
  },
  {
    name: 'statusMessage',
    run: (p) => {
      p.res.statusCode = 299
      p.res.statusMessage = 'Rather Well'
      p.end('ok')
    },
  },
  {
    name: 'flushHeaders, then a body',
    run: async (p) => {
      p.res.setHeader('X-A', '1')
      p.call('flushHeaders')
      p.call('setHeader', 'X-Late', '1')
      await later()
      p.write('a')
      p.end('b')
    },
  },
  {
    name: 'flushHeaders twice and after writeHead',
    run: (p) => {
      p.head(200, { 'Content-Length': '2' })
      p.call('flushHeaders')
      p.call('flushHeaders')
      p.end('ok')
    },
  },
  {
    name: 'trailers',
    run: (p) => {
      p.res.setHeader('Trailer', 'X-Sum')
      p.write('body')
      p.call('addTrailers', { 'X-Sum': '42' })
      p.end()
    },
  },
  {
    name: 'informational answers before the answer',
    run: (p) => {
      p.call('writeProcessing')
      p.call('writeEarlyHints', { link: '</style.css>; rel=preload; as=style' })
      p.end('ok')
    },
  },
]
