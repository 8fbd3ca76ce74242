import assert from 'node:assert/strict'
import { pipeline, Readable } from 'node:stream'
import { describe, it } from 'node:test'
import type { Handler } from '../support/app'
import { FailingStore, sessionApp, turn, until } from './support/apps'
import { RawConnection, rawGet } from './support/raw'

const change: Handler = (req, _res, next) => {
  req.session.user = 'mary'
  next()
}

describe('a save that fails while somebody is streaming', () => {
  it('lets go of a stream that is piped in, and goes on with the error page', async (t) => {
    let source: Readable | undefined
    const app = await sessionApp(
      t,
      new FailingStore('set'),
      (_req, res) => {
        source = new Readable({ read() {} })
        source.pipe(res)
        source.push('first')
      },
      { between: [change] },
    )
    const answer = await app.client().get('/')
    assert.equal(answer.body, 'error: ERR_SESSION_STORE')
    source?.push('more')
    source?.push(null)
    await turn()
    assert.equal(answer.status, 500)
  })

  it('ends a pipeline with the error; that closes the connection, as Node says of pipeline()', async (t) => {
    let told: any
    const app = await sessionApp(
      t,
      new FailingStore('set'),
      (_req, res) => {
        pipeline(Readable.from(['a', 'b'.repeat(200_000), 'c']), res, (error: unknown) => {
          told = error
        })
      },
      { between: [change] },
    )
    const answer = await rawGet(app.origin, '/')
    await until(() => told)
    assert.equal(told.code, 'ERR_SESSION_STORE')
    assert.equal(answer.whole, false)
    await until(() => app.errors.length === 1)
  })

  it('leaves a handler alone that does not know and goes on writing', async (t) => {
    const told: string[] = []
    let timer: NodeJS.Timeout | undefined
    t.after(() => clearInterval(timer))
    const app = await sessionApp(
      t,
      new FailingStore('set'),
      (_req, res) => {
        res.writeHead(200, { 'Content-Type': 'text/event-stream' })
        timer = setInterval(
          () => res.write('data: tick\n\n', (error: any) => error && told.push(error.code)),
          1,
        )
        res.write('data: hello\n\n')
      },
      { between: [change] },
    )
    const answer = await app.client().get('/')
    assert.equal(answer.body, 'error: ERR_SESSION_STORE')
    await until(() => told.length > 3)
    assert.equal(told[1], 'ERR_STREAM_WRITE_AFTER_END')
  })

  it('leaves it alone also while the error page is on its way', async (t) => {
    const told: string[] = []
    let stop = false
    const app = await sessionApp(
      t,
      new FailingStore('set'),
      async (_req, res) => {
        while (!stop) {
          res.write('data: tick\n\n', (error: any) => error && told.push(error.code))
          await turn()
        }
      },
      { between: [change], onError: (_error, _req, res) => res.end(Buffer.alloc(8_000_000, '.')) },
    )
    t.after(() => {
      stop = true
    })
    const client = await RawConnection.to(app.origin)
    client.socket.pause()
    client.request('/')
    await until(() => told.filter((code) => code === 'ERR_STREAM_WRITE_AFTER_END').length > 3)
    stop = true
    client.close()
  })
})
