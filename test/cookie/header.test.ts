import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parse } from 'cookie'
import {
  CANDIDATES_MAX,
  CookieTemplate,
  clearCookieLine,
  cookieValues,
  decodeValue,
  setCookieLine,
} from '../../lib/cookie/header'
import { pathMatches, pathOf } from '../../lib/cookie/path-match'

describe('values of one name in a Cookie header (RFC 6265 section 4.2.1)', () => {
  const CASES: Array<[header: string, values: string[]]> = [
    ['', []],
    ['sid', []],
    ['sid=', ['']],
    ['sid=a', ['a']],
    ['  sid=a  ', ['a']],
    ['sid = a', ['a']],
    ['sid\t=\ta', ['a']],
    ['sid=a; other=b', ['a']],
    ['other=b;sid=a', ['a']],
    ['other=b;\t sid=a;', ['a']],
    ['sid=a; sid=b', ['a', 'b']],
    ['sid=a;sid=b;sid=a', ['a', 'b', 'a']],
    ['sid="a"', ['a']],
    ['sid="a', ['"a']],
    ['sid=a"', ['a"']],
    ['sid="', ['"']],
    ['sid=""', ['']],
    ['sid="a;b"', ['"a']],
    ['sid=a=b==', ['a=b==']],
    ['sid=%20a', ['%20a']],
    ['xsid=a', []],
    ['sidx=a', []],
    ['x-sid=a', []],
    ['sid.x=a', []],
    ['a=sid=b', []],
    ['a=b sid=c', []],
    ['a="sid=b"; sid=c', ['c']],
    ['SID=a', []],
    ['sid; sid=a', ['a']],
    ['=a; sid=b', ['b']],
    [';;;sid=a;;;', ['a']],
    ['sid=a, sid=b', ['a, sid=b']],
    ['sid=ü', ['ü']],
    ['sidsid=a; sid=b', ['b']],
  ]
  for (const [header, values] of CASES) {
    it(JSON.stringify(header), () => {
      assert.deepEqual(cookieValues(header, 'sid'), values)
    })
  }

  it('agrees with the library on the first value, whatever the header', () => {
    const parts = ['sid', '=', ';', ' ', 'a', '"', 'x', '\t', '%41', ',']
    let seed = 7
    const random = (n: number) => {
      seed = (seed * 1103515245 + 12345) % 2 ** 31
      return seed % n
    }
    for (let round = 0; round < 20_000; round++) {
      const header = Array.from({ length: 1 + random(12) }, () => parts[random(parts.length)]).join('')
      const theirs = parse(header, { decode: (value) => value })['sid']
      const [ours] = cookieValues(header, 'sid')
      assert.equal(ours, theirs?.replace(/^"(.*)"$/, '$1'), JSON.stringify(header))
    }
  })

  it('are no more than can be looked at', () => {
    const header = Array.from({ length: 100 }, (_, i) => `sid=${i}`).join('; ')
    assert.equal(cookieValues(header, 'sid').length, CANDIDATES_MAX)
  })

  it('are found in a long header in time that grows with it, not faster', () => {
    const hostile = 'sid'.repeat(100_000)
    assert.deepEqual(cookieValues(hostile, 'sid'), [])
    assert.deepEqual(cookieValues(`${'sid '.repeat(20_000)}=a`, 'sid'), [])
    assert.deepEqual(cookieValues(`sid${' '.repeat(100_000)}`, 'sid'), [])
  })

  it('are decoded where that is possible', () => {
    assert.equal(decodeValue('a%20b'), 'a b')
    assert.equal(decodeValue('%E0%A4%A'), '%E0%A4%A')
    assert.equal(decodeValue('a+b'), 'a+b')
  })
})

describe('a Set-Cookie line', () => {
  const end = new Date(Date.UTC(2031, 0, 1))
  it('has the attributes that are given, and Expires, never Max-Age', () => {
    assert.equal(setCookieLine('a', 'b c;', {}), 'a=b%20c%3B')
    assert.equal(
      setCookieLine('a', 'b', {
        expires: end,
        path: '/',
        httpOnly: true,
        secure: true,
        sameSite: 'lax',
        priority: 'low',
        partitioned: true,
      }),
      'a=b; Path=/; Expires=Wed, 01 Jan 2031 00:00:00 GMT; HttpOnly; Secure; Partitioned; Priority=Low; SameSite=Lax',
    )
    assert.equal(setCookieLine('a', 'b', { expires: null, path: '', domain: null, sameSite: false }), 'a=b')
  })

  it('that clears names the same path and domain', () => {
    assert.equal(
      clearCookieLine('a', { expires: end, path: '/x', domain: 'y.org', httpOnly: true, sameSite: 'strict' }),
      'a=; Domain=y.org; Path=/x; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Strict',
    )
  })

  it('out of a template is the same as one written anew', () => {
    for (const attributes of [
      {},
      { path: '/' },
      { path: '/x', domain: 'y.org', httpOnly: true, secure: true },
      { path: '/', sameSite: 'none', priority: 'high', partitioned: true } as const,
    ]) {
      const template = new CookieTemplate('sid', attributes)
      for (const expires of [
        null,
        false,
        undefined,
        end,
        new Date(end.valueOf() + 999),
        new Date(0),
      ] as const) {
        assert.equal(
          template.line(encodeURIComponent('s:a/b.c='), expires),
          setCookieLine('sid', 's:a/b.c=', { ...attributes, expires }),
        )
      }
    }
  })

  it('refuses what would break out of it', () => {
    for (const attributes of [
      { path: '/\r\nSet-Cookie: x=y' },
      { path: '/;a' },
      { domain: 'a b' },
      { domain: 'a;b' },
    ]) {
      assert.throws(() => setCookieLine('a', 'b', attributes), TypeError)
      assert.throws(() => new CookieTemplate('a', attributes), TypeError)
    }
    assert.throws(() => setCookieLine('a b', 'c', {}), TypeError)
  })
})

describe('whether a cookie belongs to a path (RFC 6265 section 5.1.4)', () => {
  const CASES: Array<[cookie: string, request: string, matches: boolean]> = [
    ['/', '/', true],
    ['/', '/any/thing', true],
    ['/adm', '/adm', true],
    ['/adm', '/adm/', true],
    ['/adm', '/adm/x', true],
    ['/adm', '/admiral', false],
    ['/adm', '/ADM', false],
    ['/adm', '/', false],
    ['/adm', '/a', false],
    ['/adm/', '/adm', false],
    ['/adm/', '/adm/', true],
    ['/adm/', '/adm/x', true],
    ['/a/b', '/a/b/c', true],
    ['/a/b', '/a/bc', false],
    ['/a/b', '/x/a/b', false],
  ]
  for (const [cookie, request, matches] of CASES) {
    it(`${cookie} ${matches ? 'covers' : 'does not cover'} ${request}`, () => {
      assert.equal(pathMatches(cookie, request), matches)
    })
  }

  it('the path of a request target is without query, in every form', () => {
    for (const [target, path] of [
      ['/', '/'],
      ['/a?b', '/a'],
      ['/a#b', '/a'],
      ['/a?b#c?d', '/a'],
      ['//a/b', '//a/b'],
      ['http://host/a?b', '/a'],
      ['HTTPS://host:80/a', '/a'],
      ['http://host', '/'],
      ['http://host?x', '/'],
      ['*', '/'],
      ['host:443', '/'],
      ['', '/'],
    ] as const) {
      assert.equal(pathOf(target), path, target)
    }
  })
})
