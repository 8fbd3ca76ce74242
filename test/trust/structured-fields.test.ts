import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  challengeField,
  FIELD_LENGTH_MAX,
  readSkipped,
  readStringField,
  registrationField,
  writeString,
} from '../../lib/trust/structured-fields'

describe('the header fields of device-bound sessions', () => {
  it('take a String with quotes, as the grammar has it, and without, as Chromium sends it', () => {
    assert.equal(readStringField('"a.b-c_d"'), 'a.b-c_d')
    assert.equal(readStringField('a.b-c_d'), 'a.b-c_d')
    assert.equal(readStringField(' "a" '), 'a')
    assert.equal(readStringField('"a\\"b\\\\c"'), 'a"b\\c')
  })

  for (const [title, value] of [
    ['absent', undefined],
    ['sent twice, as Node joins it', 'a.b, a.b'],
    ['sent twice, quoted', '"a", "b"'],
    ['a list', ['a', 'b']],
    ['empty', ''],
    ['an empty String', '""'],
    ['a quote that does not end', '"a'],
    ['a quote that does not begin', 'a"'],
    ['an escape of something else', '"a\\b"'],
    ['an escape at the end', '"a\\"'],
    ['a control character', '"a\u0001b"'],
    ['not ASCII', '"ä"'],
    ['with parameters', '"a";b=1'],
    ['a bare value with a space', 'a b'],
    ['a line break', 'a\nb'],
    ['too long', 'a'.repeat(FIELD_LENGTH_MAX + 1)],
    ['a number', 7],
  ] as const) {
    it(`take none that is ${title}`, () => assert.equal(readStringField(value), undefined))
  }

  it('are written as RFC 9651 has them', () => {
    assert.equal(writeString('a"b\\c'), '"a\\"b\\\\c"')
    assert.throws(() => writeString('ä'), TypeError)
    assert.equal(
      registrationField(['ES256', 'RS256'], '/d/register', 'c1'),
      '(ES256 RS256);path="/d/register";challenge="c1"',
    )
    assert.equal(challengeField('c2', 'id1'), '"c2";id="id1"')
  })

  it('tell why a browser did not refresh, for the binding that is asked about', () => {
    assert.equal(readSkipped('quota_exceeded;session_identifier="b1"', 'b1'), 'quota_exceeded')
    assert.equal(readSkipped('unreachable; session_identifier=b1', 'b1'), 'unreachable')
    assert.equal(readSkipped('server_error', 'b1'), 'server_error')
    const two = 'unreachable;session_identifier="b0", quota_exceeded;session_identifier="b1"'
    assert.equal(readSkipped(two, 'b1'), 'quota_exceeded')
    assert.equal(readSkipped(two, 'b2'), undefined)
    for (const value of [
      undefined,
      '',
      'bored',
      'unreachablex',
      `${' '.repeat(FIELD_LENGTH_MAX)}unreachable`,
    ])
      assert.equal(readSkipped(value, 'b1'), undefined)
  })
})
