import { Readable } from 'node:stream'
import { describe } from 'node:test'
import compression from 'compression'
import type { Handler } from '../support/app'
import { type Case, later } from './support/case'
import { blocks } from './support/cases-stream'
import { MODES } from './support/modes'
import { compareAll, type Observation } from './support/observe'

const onHeaders: (res: object, listener: (this: any) => void) => void = require('on-headers')
const onFinished: (res: object, listener: (error: unknown, res: any) => void) => void = require('on-finished')

const zipped = { 'Accept-Encoding': 'gzip' }

const CASES: Case[] = [
  { name: 'an empty end', run: (p) => p.end() },
  {
    name: 'a short text',
    headers: zipped,
    run: (p) => {
      p.res.setHeader('Content-Type', 'text/plain')
      p.end('short')
    },
  },
  {
    name: 'a long text',
    headers: zipped,
    run: (p) => {
      p.res.setHeader('Content-Type', 'text/plain')
      p.res.setHeader('Content-Length', 50_000)
      p.res.setHeader('ETag', '"long"')
      p.end('long '.repeat(10_000))
    },
  },
  {
    name: 'a text in writes of different turns',
    headers: zipped,
    run: async (p) => {
      p.res.setHeader('Content-Type', 'text/plain')
      p.res.write('first ')
      await later()
      p.res.write('second '.repeat(2000))
      await later()
      p.end('third')
    },
  },
  {
    name: 'writeHead and a text',
    headers: zipped,
    run: (p) => {
      p.res.writeHead(203, { 'Content-Type': 'text/plain', 'Set-Cookie': 'own=1' })
      p.res.write('a'.repeat(3000))
      p.end()
    },
  },
  {
    name: 'a piped text',
    headers: zipped,
    run: (p) => {
      p.res.setHeader('Content-Type', 'text/plain')
      blocks(30, 16_000).pipe(p.res)
    },
  },
  {
    name: 'a picture, which is not packed',
    headers: zipped,
    run: (p) => {
      p.res.setHeader('Content-Type', 'image/png')
      Readable.from([Buffer.alloc(3000), Buffer.alloc(10)]).pipe(p.res)
    },
  },
  {
    name: 'HEAD',
    method: 'HEAD',
    headers: zipped,
    run: (p) => {
      p.res.setHeader('Content-Type', 'text/html')
      p.end()
    },
  },
  {
    name: '304',
    headers: zipped,
    run: (p) => {
      p.res.statusCode = 304
      p.end()
    },
  },
  {
    name: 'flushed headers',
    headers: zipped,
    run: async (p) => {
      p.res.flushHeaders()
      await later()
      p.end('ok')
    },
  },
]

/** Adds headers in the last moment, as express-session, cookie-session and response-time do. */
const lastMoment: Handler = (_req, res, next) => {
  onHeaders(res, function addHeaders() {
    this.setHeader('X-Last-Moment', String(this.statusCode))
    const cookies = [this.getHeader('Set-Cookie') ?? []].flat()
    this.setHeader('Set-Cookie', [...cookies, 'other=1; Path=/', 'other.sig=2; Path=/'])
  })
  next()
}

/** Puts its own `write` and `end` over those that it finds. */
const shout: Handler = (req, res, next) => {
  if (req.url !== '/case') return next()
  const { write, end } = res
  res.write = (chunk: unknown, ...rest: unknown[]) => write.call(res, loud(chunk), ...rest)
  res.end = (chunk: unknown, ...rest: unknown[]) => end.call(res, loud(chunk), ...rest)
  return next()
}

function loud(chunk: unknown): unknown {
  return typeof chunk === 'string' ? chunk.toUpperCase() : chunk
}

/** Looks at the response when it is through, as loggers do. */
const logger: Handler = (req, res, next) => {
  onFinished(res, () => {
    const { statusCode, headersSent, writableEnded } = res
    req.socket.logged = [statusCode, headersSent, writableEnded]
  })
  next()
}

const NEIGHBOURS: Record<string, Handler> = {
  compression: compression({ threshold: 1024 }) as Handler,
  'one that adds headers in the last moment': lastMoment,
  'one with its own write and end': shout,
  'a logger': logger,
}

/** What a neighbour's `end` returns, and when it ends, is its own affair. */
function fromOutside(observed: Observation): unknown {
  return { ...observed, seen: [] }
}

const modes = MODES.filter(({ use }) => use !== 'unchanged')

for (const [words, neighbour] of Object.entries(NEIGHBOURS)) {
  for (const [where, around] of [
    ['before', { before: [neighbour] }],
    ['after', { after: [neighbour] }],
    ['before and after', { before: [neighbour], after: [lastMoment] }],
  ] as const) {
    describe(`${words}, mounted ${where} the session, sees what it would see without`, () => {
      compareAll(
        { kind: 'express 5', before: [], after: [], ...around } as never,
        modes.slice(-1),
        CASES,
        fromOutside,
      )
    })
  }
}

describe('compression does its work with every mode of a session', () => {
  compareAll({ kind: 'connect', before: [compression() as Handler] }, modes, CASES, fromOutside)
})
