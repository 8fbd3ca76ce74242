// A store of your own: get, set and destroy are required, touch is recommended. `sojourn/conformance` tells what is
// missing: see test/examples/writing-a-store.test.ts.
const session = require('sojourn')

class MapStore extends session.Store {
  #records = new Map()

  get(sid, callback) {
    const record = this.#records.get(sid)
    if (record && record.end <= Date.now()) this.#records.delete(sid)
    // A copy each time, so that nobody changes what is stored by changing what he was given; and later, since
    // callbacks are not called before the caller has returned.
    const alive = this.#records.get(sid)
    setImmediate(callback, null, alive ? JSON.parse(alive.text) : null)
  }

  set(sid, data, callback = () => {}) {
    this.#records.set(sid, { text: JSON.stringify(data), end: endOf(data) })
    setImmediate(callback, null)
  }

  destroy(sid, callback = () => {}) {
    this.#records.delete(sid)
    setImmediate(callback, null)
  }

  touch(sid, data, callback = () => {}) {
    const record = this.#records.get(sid)
    if (record) {
      const text = JSON.parse(record.text)
      text.cookie = data.cookie
      this.#records.set(sid, { text: JSON.stringify(text), end: endOf(data) })
    }
    setImmediate(callback, null)
  }
}

/** `cookie.expires` is a Date, or null for a cookie that ends with the browser. */
function endOf({ cookie }) {
  return cookie?.expires ? new Date(cookie.expires).getTime() : Number.POSITIVE_INFINITY
}

module.exports = MapStore
