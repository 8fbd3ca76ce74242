import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { APP_KINDS, type Handler } from '../support/app'
import { FailingStore, sessionApp, turn, until } from './support/apps'
import { rawGet } from './support/raw'

describe('a save that fails after the headers have left', () => {
  const late: Handler = async (req, res) => {
    res.write('half of ')
    await turn()
    req.session.user = 'mary'
    res.end('the answer')
  }

  for (const kind of APP_KINDS) {
    it(`breaks the response off, on ${kind}`, async (t) => {
      const app = await sessionApp(t, new FailingStore('set'), late, { kind })
      const answer = await rawGet(app.origin, '/')
      assert.equal(answer.whole, false)
      assert.equal(answer.ending, 'reset')
      await until(() => app.errors.length === 1)
    })
  }

  it('breaks it off before an error handler can end it', async (t) => {
    const app = await sessionApp(t, new FailingStore('set'), late, {
      onError: (_error, _req, res) => res.end('whole, it seems'),
    })
    const answer = await rawGet(app.origin, '/')
    assert.equal(answer.whole, false)
  })

  it('breaks off by a reset where the end of the connection would be the end of the body', async (t) => {
    const app = await sessionApp(
      t,
      new FailingStore('set'),
      (req, res) => {
        res.removeHeader('Transfer-Encoding')
        return late(req, res, () => {})
      },
      { kind: 'node:http' },
    )
    const answer = await rawGet(app.origin, '/')
    assert.equal(answer.framing, 'close')
    assert.equal(answer.ending, 'reset')
  })

  it('breaks off over https too', async (t) => {
    const app = await sessionApp(t, new FailingStore('set'), late, { https: true })
    const answer = await rawGet(app.origin, '/')
    assert.equal(answer.whole, false)
  })

  it('keeps the last byte of a body of declared length back until what came before it is saved', async (t) => {
    const app = await sessionApp(t, new FailingStore('set'), (req, res) => {
      res.setHeader('Content-Length', 10)
      res.write('hello')
      req.session.user = 'mary'
      res.write('world')
      res.end()
    })
    const answer = await rawGet(app.origin, '/')
    assert.equal(answer.whole, false)
    assert.equal(app.errors.length, 1)
  })
})
