import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FailingStore, sessionApp } from '../response/support/apps'
import { begin, withSession } from '../response/support/visitors'
import { Witness } from './witness'

describe('errors of a store', () => {
  it('names no id either where a store names it in its errors, as stores on files do', async (t) => {
    class FileStore extends FailingStore {
      override answer(call: any, done: any, work: any): void {
        const [id] = this.rows.keys()
        if (!this.failing.has(call)) {
          super.answer(call, done, work)
          return
        }
        setImmediate(() =>
          done?.(
            new Error(
              `ENOENT: no such file, open '/sessions/${id}.json' (${encodeURIComponent(String(id))})`,
            ),
          ),
        )
      }
    }
    const store = new FileStore()
    const app = await sessionApp(
      t,
      store,
      withSession(async (req, res) => {
        if (req.url === '/save') await req.session.save()
        if (req.url === '/destroy') await req.session.destroy()
        req.session.n = (req.session.n ?? 0) + 1
        res.end()
      }),
    )
    const witness = new Witness(t, app.sessions)
    const visitor = await begin(app)
    const [id] = store.rows.keys()
    for (const call of ['set', 'destroy', 'get'] as const) {
      store.failing.add(call)
      const answer = await app
        .client()
        .get(call === 'destroy' ? '/destroy' : call === 'set' ? '/save' : '/x', visitor)
      assert.equal(answer.status, 500)
      assert.ok(!answer.body.includes(id ?? ''), answer.body)
      store.failing.delete(call)
    }
    assert.equal(app.errors.length, 3)
    for (const error of app.errors) {
      assert.match(error.message, /^ENOENT: no such file, open/)
      witness.hear('next', { message: error.message, stack: error.stack })
    }
    witness.mustNotHaveHeard([id])
  })
})
