import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type CookieFacts, decideCookie, decideSave, type SaveFacts } from '../../lib/exchange/decide'

/** Every combination of truth values for these names. */
function* combinations<K extends string>(...names: K[]): Iterable<Record<K, boolean>> {
  for (let bits = 0; bits < 2 ** names.length; bits++) {
    yield Object.fromEntries(names.map((name, i) => [name, Boolean(bits & (1 << i))])) as Record<K, boolean>
  }
}

describe('what to save', () => {
  const facts = ['usableId', 'isNew', 'modified', 'dirty', 'savedHere'] as const

  it('every case has one answer and a reason, and it is that of the rules', () => {
    for (const fact of combinations(...facts)) {
      for (const policy of combinations('saveUninitialized', 'resave')) {
        const { action, because } = decideSave(fact satisfies SaveFacts, policy)
        const expected = !fact.usableId
          ? 'none'
          : fact.isNew
            ? fact.modified || policy.saveUninitialized
              ? 'create'
              : 'none'
            : fact.dirty
              ? 'write'
              : fact.savedHere
                ? 'none'
                : policy.resave
                  ? 'write'
                  : 'touch'
        assert.equal(action, expected, JSON.stringify({ ...fact, ...policy }))
        assert.ok(because.length > 0)
      }
    }
  })

  it('a new session is never touched, a known one never created', () => {
    for (const fact of combinations(...facts)) {
      for (const policy of combinations('saveUninitialized', 'resave')) {
        const { action } = decideSave(fact, policy)
        assert.ok(fact.isNew ? action !== 'touch' && action !== 'write' : action !== 'create')
      }
    }
  })
})

describe('what becomes of the cookie', () => {
  const facts = [
    ...(['hasSession', 'usableId', 'cookieSent', 'browserHasId', 'modified'] as const),
    ...(['ended', 'cookieExpires', 'cookieSecure', 'requestSecure'] as const),
  ]

  it('is set by the rule of express-session, and never a secure one over http', () => {
    for (const fact of combinations(...facts)) {
      if (!fact.hasSession) continue
      for (const policy of combinations('saveUninitialized', 'rolling')) {
        const due =
          fact.usableId &&
          (fact.browserHasId
            ? policy.rolling || (fact.cookieExpires && fact.modified)
            : policy.saveUninitialized || fact.modified)
        const expected = !due ? 'none' : fact.cookieSecure && !fact.requestSecure ? 'withhold' : 'set'
        const { action } = decideCookie(fact satisfies CookieFacts, policy)
        assert.equal(action, expected, JSON.stringify({ ...fact, ...policy }))
      }
    }
  })

  it('is cleared when the session was ended and the browser has sent a cookie', () => {
    for (const fact of combinations(...facts)) {
      if (fact.hasSession) continue
      for (const policy of combinations('saveUninitialized', 'rolling')) {
        assert.equal(decideCookie(fact, policy).action, fact.ended && fact.cookieSent ? 'clear' : 'none')
      }
    }
  })
})
