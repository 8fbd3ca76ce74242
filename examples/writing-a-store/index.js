// A store of your own: get, set and destroy are required, touch is recommended. `sojourn/conformance` tells what is
// missing: see test/examples/writing-a-store.test.ts.
const express = require('express')
const session = require('sojourn')
const listen = require('../listen')

class MapStore extends session.Store {
  #records = new Map()

  get(sid, callback) {
    const record = this.#alive(sid)
    // Parsed anew each time: nobody changes what is stored by changing what he was given.
    answer(callback, () => (record ? JSON.parse(record.text) : null))
  }

  set(sid, data, callback) {
    answer(callback, () => this.#keep(sid, data))
  }

  destroy(sid, callback) {
    this.#records.delete(sid)
    answer(callback)
  }

  /** Only the cookie is taken: the rest may be what another request has changed. Brings nothing back. */
  touch(sid, data, callback) {
    const record = this.#alive(sid)
    if (record) this.#keep(sid, { ...JSON.parse(record.text), cookie: data.cookie })
    answer(callback)
  }

  #alive(sid) {
    const record = this.#records.get(sid)
    if (record && record.end <= Date.now()) this.#records.delete(sid)
    return this.#records.get(sid)
  }

  #keep(sid, data) {
    this.#records.set(sid, { text: JSON.stringify(data), end: endOf(data) })
  }
}

/** Does the work now and tells later, since callbacks are not called before the caller has returned. */
function answer(callback = () => {}, work = () => {}) {
  let error = null
  let result
  try {
    result = work()
  } catch (caught) {
    error = caught
  }
  setImmediate(callback, error, result)
}

/** `cookie.expires` is a Date, or null for a cookie that ends with the browser. */
function endOf({ cookie }) {
  return cookie?.expires ? new Date(cookie.expires).getTime() : Number.POSITIVE_INFINITY
}

function makeApp(store) {
  const app = express()
  const secret = process.env.SESSION_SECRET || 'only to try this out'
  app.use(session({ secret, resave: false, saveUninitialized: false, store }))
  app.get('/', (req, res) => {
    req.session.views = (req.session.views ?? 0) + 1
    res.json({ views: req.session.views })
  })
  return app
}

module.exports = MapStore

if (require.main === module) listen(makeApp(new MapStore()), ['/'])
