import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCommandLine } from '../../lib/cli/arguments'
import { HELP } from '../../lib/cli/usage'

test('the words of sojourn become a command', () => {
  assert.deepEqual(parseCommandLine(['ls', 'lmdb:./s', '--owner=ada', '--older', '7d', '--json']), {
    name: 'ls',
    words: ['lmdb:./s'],
    flags: { __proto__: null, owner: 'ada', older: '7d', json: true },
    olderMs: 604_800_000,
  })
  for (const words of [[], ['help'], ['--help'], ['ls', '--help']]) {
    assert.equal(parseCommandLine(words), 'help')
  }
  assert.deepEqual(parseCommandLine(['revoke', 'lmdb:s', 'one', 'two']) !== 'help', true)
})

test('words of sojourn that are wrong are named', () => {
  for (const [words, message] of [
    [['lss'], /no command "lss"; did you mean ls\?/],
    [['constructor'], /no command "constructor"/],
    [['ls'], /usage: sojourn ls URL/],
    [['ls', 'a', 'b'], /usage: sojourn ls URL/],
    [['ls', 'a', '--older', 'week'], /--older: expected a number and s, m, h or d/],
    [['ls', 'a', '--keep'], /ls has no option --keep/],
    [['ls', 'a', '--owner', ''], /--owner: expected a value/],
    [['ls', 'a', '--frobnicate'], /frobnicate/],
    [['copy', 'a'], /usage: sojourn copy FROM TO/],
    [['copy', 'a', 'b', '--keep', '--verify'], /either --keep or --verify/],
    [['erase', 'a'], /--owner: expected whose sessions/],
    [['revoke', 'a'], /usage: sojourn revoke/],
    [['revoke', 'a', 'b', '--owner', 'c'], /usage: sojourn revoke/],
  ] as const) {
    assert.throws(() => parseCommandLine(words), { code: 'ERR_SESSION_OPTION', message }, words.join(' '))
  }
})

test('--help tells every option and the exit codes', () => {
  const source = require('node:fs').readFileSync(require.resolve('../../lib/cli/arguments.ts'), 'utf8')
  const flags = [...source.matchAll(/^ {2}'?([\w-]+)'?: \{ type: '(?:string|boolean)'/gm)].map(
    ([, flag]) => flag,
  )
  assert.ok(flags.length > 15)
  for (const flag of flags) assert.match(HELP, new RegExp(`--${flag}\\b`))
  assert.match(HELP, /Exit codes: 0 .*\n?1? /)
})
