import assert from 'node:assert/strict'
import { once } from 'node:events'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { describe, it } from 'node:test'
import * as sojourn from '../../lib/index'
import type { Handler } from '../support/app'
import { FailingStore, SlowStore } from './support/apps'
import { OPTIONS } from './support/modes'

/** A response whose socket is a plain object that collects what is written, as AWS Lambda's adapters make one. */
function collectedResponse(req: IncomingMessage) {
  const res: any = new ServerResponse(req)
  const written: string[] = []
  const nothing = () => {}
  res.assignSocket({
    _writableState: {},
    writable: true,
    on: nothing,
    removeListener: nothing,
    destroy: nothing,
    cork: nothing,
    uncork: nothing,
    write(data: unknown, encoding: unknown, done: unknown) {
      written.push(String(data))
      const callback = typeof encoding === 'function' ? encoding : done
      if (typeof callback === 'function') callback()
    },
  })
  return { res, text: () => written.join('') }
}

/** What each looks at before it takes the answer; both wait for `finish` otherwise. */
const ADAPTERS: Record<string, (res: any) => boolean> = {
  'serverless-http': (res) => res.finished || res.complete,
  '@vendia/serverless-express': (res) => res.complete || res.writableEnded,
}

const HANDLERS: Record<string, Handler> = {
  'an end': (_req, res) => res.end('welcome'),
  'a head and an end': (_req, res) => res.writeHead(200, { 'X-A': 'b' }).end('welcome'),
  'writes and an end': (_req, res) => {
    res.write('wel')
    res.write('come')
    res.end()
  },
  'an end, and another after a look': (_req, res) => {
    res.end('welcome')
    if (!res.writableEnded) res.end()
  },
}

async function answerOf(
  store: unknown,
  handler: Handler,
  looksDone: (res: any) => boolean,
  onError: (error: any, res: any) => void = (error) => assert.fail(error),
): Promise<string> {
  const req: any = new IncomingMessage(new Socket())
  Object.assign(req, { url: '/', method: 'GET' })
  const { res, text } = collectedResponse(req)
  const sessions = sojourn.session({ ...OPTIONS, store } as never)
  await new Promise<void>((resolve) => {
    sessions(req, res, (error) => {
      if (error) return onError(error, res)
      req.session.user = 'mary'
      handler(req, res, () => {})
      resolve()
    })
  })
  if (!looksDone(res)) await once(res, 'finish')
  return text()
}

describe('a response that is collected in an object (AWS Lambda)', () => {
  for (const [adapter, looksDone] of Object.entries(ADAPTERS)) {
    for (const [words, handler] of Object.entries(HANDLERS)) {
      it(`is not done before it is written: ${adapter}, ${words}`, async () => {
        for (const store of [new sojourn.MemoryStore(), new SlowStore({ set: 5 })]) {
          const answer = await answerOf(store, handler, looksDone)
          assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/)
          assert.match(answer, /\r\nSet-Cookie: connect\.sid=s%3A/)
          assert.match(answer, /wel.*come/s)
        }
      })
    }

    it(`is the error page where the save fails: ${adapter}`, async () => {
      const handler: Handler = (_req, res) => res.end('welcome')
      const answer = await answerOf(new FailingStore('set'), handler, looksDone, (error, res) => {
        res.statusCode = 500
        res.end(`error: ${error.code}`)
      })
      assert.match(answer, /^HTTP\/1\.1 500 /)
      assert.match(answer, /error: ERR_SESSION_STORE$/)
    })
  }
})
