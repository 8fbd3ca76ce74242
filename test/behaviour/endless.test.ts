import assert from 'node:assert/strict'
import { it } from 'node:test'
import { MemoryBackend } from '../../lib/backend/memory/backend'
import * as session from '../../lib/index'
import { BackedStore } from '../../lib/store/backed-store'
import { appOf, serve } from '../support/app'

/** Writes and says that somebody else did. */
class DenyingBackend extends MemoryBackend {
  override replace(key: string) {
    return this.read(key)
  }
}

it('a backend that never takes a change is an error, not an endless loop', async (t) => {
  const store = new BackedStore(new DenyingBackend())
  const options = { secret: 'keyboard cat', resave: false, saveUninitialized: false, store }
  const count = (req: any, res: any) => {
    req.session.n = (req.session.n ?? 0) + 1
    res.end('counted')
  }
  const client = (await serve(t, appOf('node:http', [session.session(options as never), count]))).client()
  assert.equal((await client.get('/')).body, 'counted')
  assert.match((await client.get('/')).body, /ERR_SESSION_STORE store set failed/)
})
