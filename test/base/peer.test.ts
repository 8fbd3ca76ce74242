import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadPeer } from '../../lib/base/peer'

const failing = (message: string, code?: string) => () => {
  throw Object.assign(new Error(message), code === undefined ? {} : { code })
}

test('a package that is not installed is to be installed', () => {
  assert.throws(() => loadPeer('no-such-peer', 'A store', () => require('no-such-peer' as string)), {
    code: 'ERR_SESSION_PEER',
    message: 'A store needs the package no-such-peer: npm install no-such-peer',
  })
})

test('one that is there and fails to load says why, and what a bundler needs', () => {
  for (const [message, code] of [
    ['No native build was found for platform=linux', undefined],
    ["Cannot find module '@lmdb/lmdb-linux-x64'", 'MODULE_NOT_FOUND'],
  ] as const) {
    assert.throws(
      () => loadPeer('lmdb', 'LmdbStore', failing(message, code)),
      (error: Error & { code?: string }) =>
        error.code === 'ERR_SESSION_PEER' &&
        error.message.includes(message) &&
        /external: \['lmdb'\]/.test(error.message) &&
        !/npm install/.test(error.message) &&
        (error.cause as Error).message === message,
    )
  }
})

test('code from strings is a matter of how Node.js was started, not of bundles', () => {
  const message = 'Code generation from strings disallowed for this context'
  assert.throws(
    () => loadPeer('lmdb', 'LmdbStore', failing(message)),
    (error: Error) =>
      error.message.includes(message) &&
      /without --disallow-code-generation-from-strings/.test(error.message) &&
      !/external|npm install/.test(error.message),
  )
})
