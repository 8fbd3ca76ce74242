import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { readProof } from '../../lib/trust/proof'
import { readJwk, thumbprintOf } from '../../lib/trust/public-key'
import { type Algorithm, Device, encode, type Odd } from '../support/device'

const devices = { ES256: new Device('ES256'), RS256: new Device('RS256') }
const others = { ES256: new Device('ES256'), RS256: new Device('RS256') }
const keyOf = (device: Device) => {
  const key = readJwk(device.jwk, device.algorithm)
  assert.ok(key)
  return key
}

for (const algorithm of ['ES256', 'RS256'] as const) {
  const device = devices[algorithm]

  describe(`a proof by ${algorithm}`, () => {
    it('registers the key that signed it', () => {
      const proof = readProof(device.registers('c1'), undefined)
      assert.ok(typeof proof === 'object')
      assert.equal(proof.challenge, 'c1')
      assert.deepEqual(proof.key, keyOf(device))
      assert.equal(thumbprintOf(proof.key), device.thumbprint)
    })

    it('is verified by the key that is known', () => {
      const proof = readProof(device.proves('c2'), keyOf(device))
      assert.ok(typeof proof === 'object' && proof.challenge === 'c2')
    })

    it('is refused when another key signed it', () => {
      assert.equal(readProof(others[algorithm].proves('c2'), keyOf(device)), 'signature')
      const { jwk } = others[algorithm]
      assert.equal(readProof(device.registers('c1', { header: { jwk } }), undefined), 'signature')
    })

    it('is refused when anything of it was changed', () => {
      const token = device.proves('c2')
      const [head = '', , signature = ''] = token.split('.')
      assert.equal(readProof(`${head}.${encode({ jti: 'c3' })}.${signature}`, keyOf(device)), 'signature')
      const changed = `${encode({ alg: algorithm, typ: 'dbsc+jwt', x: 1 })}${token.slice(head.length)}`
      assert.equal(readProof(changed, keyOf(device)), 'signature')
    })

    it('is refused when it is for the other algorithm', () => {
      const alg: Algorithm = algorithm === 'ES256' ? 'RS256' : 'ES256'
      assert.equal(readProof(device.proves('c2', { header: { alg } }), keyOf(device)), 'signature')
      assert.equal(readProof(device.registers('c1', { header: { alg } }), undefined), 'malformed')
    })

    it('brings a key at a registration and at no other time', () => {
      assert.equal(readProof(device.proves('c1'), undefined), 'malformed')
      assert.equal(readProof(device.registers('c2'), keyOf(device)), 'malformed')
    })
  })
}

describe('a token', () => {
  const device = devices.ES256
  const key = keyOf(device)
  const oddities: ReadonlyArray<readonly [title: string, odd: Odd]> = [
    ['says none', { header: { alg: 'none' }, signature: '' }],
    ['says none, and is signed', { header: { alg: 'none' } }],
    ['says NONE', { header: { alg: 'NONE' } }],
    ['is signed with a shared secret', { header: { alg: 'HS256' } }],
    ['has no algorithm', { header: { alg: undefined } }],
    ['has a list of algorithms', { header: { alg: ['ES256'] } }],
    ['names an inherited algorithm', { header: { alg: 'constructor' } }],
    ['has another type', { header: { typ: 'JWT' } }],
    ['has the type in other letters', { header: { typ: 'DBSC+JWT' } }],
    ['has no type', { header: { typ: undefined } }],
    ['has a critical extension', { header: { crit: ['b64'], b64: false } }],
    ['has no challenge', { payload: { jti: undefined } }],
    ['has a challenge that is no text', { payload: { jti: 7 } }],
    ['has a signature that is empty', { signature: '' }],
    ['has a signature that is no base64url', { signature: 'a+b/c=' }],
  ]
  for (const [title, odd] of oddities) {
    it(`is refused when it ${title}`, () => {
      assert.equal(typeof readProof(device.proves('c', odd), key), 'string')
      assert.equal(typeof readProof(device.registers('c', odd), undefined), 'string')
    })
  }

  it('is refused with a signature of another length, or of zeros', () => {
    const [head, body, signature = ''] = device.proves('c').split('.')
    const bytes = Buffer.from(signature, 'base64url')
    for (const wrong of [bytes.subarray(1), Buffer.concat([bytes, Buffer.alloc(1)]), Buffer.alloc(64)])
      assert.equal(readProof(`${head}.${body}.${wrong.toString('base64url')}`, key), 'signature')
  })

  it('is refused when it is not three parts of canonical base64url with JSON objects in them', () => {
    const [head = '', body = '', signature = ''] = device.proves('c').split('.')
    for (const token of [
      ...['', '.', '..', head, `${head}.${body}`, `${head}.${body}.${signature}.x`],
      ...[`${head}.${body}.${signature}=`, `${head}=.${body}.${signature}`, `${head}.!.${signature}`],
      ...['null', '[]', '{'].map((text) => `${encode(text)}.${body}.${signature}`),
      `${head}.${encode('"c"')}.${signature}`,
    ])
      assert.equal(readProof(token, key), 'malformed', token)
  })
})

describe('a public key', () => {
  const { jwk } = devices.ES256
  const rsa = devices.RS256.jwk
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' })

  it('is taken when it is one, and of it only what is needed', () => {
    assert.deepEqual(readJwk({ ...jwk, use: 'sig', kid: 'x' }, 'ES256'), keyOf(devices.ES256))
  })

  for (const [title, value, algorithm] of [
    ['no object', 'key', 'ES256'],
    ['null', null, 'ES256'],
    ['without a type', { ...jwk, kty: undefined }, 'ES256'],
    ['for another algorithm', jwk, 'RS256'],
    ['on another curve', p384, 'ES256'],
    ['on another curve that says P-256', { ...p384, crv: 'P-256' }, 'ES256'],
    ['not on the curve', { ...jwk, x: jwk['y'] }, 'ES256'],
    ['padded', { ...jwk, x: `${String(jwk['x'])}=` }, 'ES256'],
    ['private', { ...jwk, d: jwk['x'] }, 'ES256'],
    ['a shared secret', { kty: 'oct', k: 'AAAA' }, 'ES256'],
    ['with members that it inherits', Object.create(jwk), 'ES256'],
    ['an RSA key of 1024 bits', small, 'RS256'],
    ['an RSA key of 8192 bits', { ...rsa, n: Buffer.alloc(1024, 255).toString('base64url') }, 'RS256'],
    ['an RSA key with a long exponent', { ...rsa, e: Buffer.alloc(9, 255).toString('base64url') }, 'RS256'],
  ] as const) {
    it(`is refused when it is ${title}`, () => assert.equal(readJwk(value, algorithm), undefined))
  }
})
