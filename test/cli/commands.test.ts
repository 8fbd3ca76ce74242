import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { seal } from '../../lib/record/seal'
import { LmdbStore, type LmdbStoreOptions } from '../../lib/store/lmdb'
import { sojourn } from './run'

const HOUR_MS = 3_600_000
const owner = (session: any): string | undefined => session.userId

interface Owned {
  after(work: () => unknown): void
}

async function place(t: Owned, options: Partial<LmdbStoreOptions> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-cli-'))
  const path = join(folder, 'sessions')
  const store = new LmdbStore({ path, owner, pruneInterval: 0, ...options })
  t.after(async () => {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return { store, folder, url: `lmdb:${path}` }
}

/** @param hoursAgo when it was made */
function data(userId: string | undefined, hoursAgo: number, more: object = {}): any {
  const expires = new Date(Date.now() + 24 * HOUR_MS).toISOString()
  const created = Date.now() - hoursAgo * HOUR_MS
  return { cookie: { originalMaxAge: null, expires, created }, userId, ...more }
}

describe('sojourn', () => {
  test('lists sessions, of one owner, older than, as JSON, and no ids', async (t) => {
    const { store, url } = await place(t)
    await store.set('id-of-ada', data('ada', 1, { views: 1 }))
    await store.set('id-of-ada-2', data('ada', 72))
    await store.set('id-of-bob', data('bob', 72))
    const all = await sojourn(['ls', url])
    assert.equal(all.code, 0)
    assert.match(all.err, /^3 sessions$/m)
    assert.match(
      all.out,
      new RegExp(`^${store.fingerprintOf('id-of-ada')} +ada +60 min +23 h .* userId views$`, 'm'),
    )
    assert.doesNotMatch(all.out, /id-of/)
    const found = await sojourn(['ls', url, '--owner', 'ada', '--older', '2d', '--json', '--ids'])
    const listed = found.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    assert.deepEqual(
      listed.map(({ session, owner: whose }) => [session, whose]),
      [['id-of-ada-2', 'ada']],
    )
    assert.equal(
      (await sojourn(['ls', url, '--owner-key', 'userId', '--owner', 'bob'])).out.split('\n').length,
      3,
    )
  })

  test('shows one session by id or fingerprint, with secrets masked', async (t) => {
    const { store, url } = await place(t)
    await store.set(
      'some-id',
      data('ada', 1, { cart: [{ apiKey: 'k', n: 1 }], password: 'p', isPrivate: true }),
    )
    for (const given of ['some-id', store.fingerprintOf('some-id')]) {
      const shown = await sojourn(['show', url, given])
      assert.equal(shown.code, 0)
      const { session, data: values } = JSON.parse(shown.out)
      assert.equal(session, store.fingerprintOf('some-id'))
      assert.deepEqual(values, {
        userId: 'ada',
        cart: [{ apiKey: '***', n: 1 }],
        password: '***',
        isPrivate: true,
      })
    }
    assert.equal(JSON.parse((await sojourn(['show', url, 'some-id', '--secrets'])).out).data.password, 'p')
    assert.equal((await sojourn(['show', url, 'no-such-id'])).code, 1)
  })

  test('data of a session do not steer the terminal', async (t) => {
    const { store, url } = await place(t)
    await store.set('some-id', data('a\u001b[2Jda', 1, { 'k\u009b31m': 1, '\u202e': 1 }))
    for (const command of ['ls', 'owners']) {
      const { out } = await sojourn([command, url])
      assert.doesNotMatch(out.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u)
    }
  })

  test('counts owners, sizes, ages and ends', async (t) => {
    const { store, url } = await place(t)
    for (const hours of [0.5, 2, 30])
      await store.set(`id-${hours}`, data('ada', hours, { pad: 'x'.repeat(600) }))
    await store.set('nobody', {
      cookie: { originalMaxAge: null, expires: data('', 0).cookie.expires },
    } as any)
    assert.match((await sojourn(['owners', url])).out, /^ +3 {2}ada$/m)
    const { out } = await sojourn(['stats', url])
    assert.match(out, /^4 sessions of 1 owners: 2\.\d kB/)
    assert.match(
      out,
      /age\n {2}below 1 h +█+░* 1\n {2}below 6 h +█+░* 1\n {2}below 1 d +░+ 0\n {2}below 7 d +█+░* 1\n/,
    )
    assert.match(out, /1 do not say when/)
    const told = JSON.parse((await sojourn(['stats', url, '--json'])).out)
    assert.equal(told.sessions, 4)
  })

  test('revokes by id, by fingerprint and by owner', async (t) => {
    const { store, url } = await place(t)
    for (const id of ['one', 'two', 'three', 'four']) await store.set(id, data('ada', 1))
    const ended = await sojourn(['revoke', url, 'one', store.fingerprintOf('two'), 'nine'])
    assert.equal(ended.code, 1)
    assert.deepEqual(Object.keys(await store.all()).sort(), ['four', 'three'])
    assert.match((await sojourn(['revoke', url, '--owner', 'ada'])).out, /^2 ended$/m)
    assert.equal((await sojourn(['revoke', url, '--owner', 'ada'])).code, 1)
  })

  test("exports and erases a person's sessions in several stores", async (t) => {
    const [a, b] = [await place(t), await place(t, { owner: undefined })]
    await a.store.set('one', data('ada', 1, { token: 't' }))
    await a.store.set('other', data('bob', 1))
    await b.store.set('two', data('ada', 1))
    const words = [a.url, b.url, '--owner', 'ada', '--owner-key', 'userId']
    const { sessions } = JSON.parse((await sojourn(['export', ...words])).out)
    assert.deepEqual(
      sessions.map((one: any) => one.data.token),
      ['***', undefined],
    )
    assert.match((await sojourn(['erase', ...words])).out, /^2 ended$/m)
    assert.deepEqual(Object.keys(await a.store.all()), ['other'])
    assert.equal(await b.store.length(), 0)
  })

  test('drops what has expired', async (t) => {
    const { store, url } = await place(t)
    const past = new Date(Date.now() - 1000)
    await store.set('old', { cookie: { originalMaxAge: null, expires: past } } as any)
    assert.match((await sojourn(['prune', url])).out, /^1 dropped$/m)
  })

  test('opens sealed records with the key, and says what is missing without', async (t) => {
    const key = 'k'.repeat(32)
    const { store, url, folder } = await place(t, { seal: seal({ keys: [key] }), hashIds: true })
    await store.set('some-id', data('ada', 1, { views: 3 }))
    writeFileSync(join(folder, 'keys'), `${key}\n`)
    assert.match((await sojourn(['ls', url])).out, /cannot be read: sealed\?/)
    const fingerprint = store.fingerprintOf('some-id')
    const { out } = await sojourn(['show', url, fingerprint, '--seal-keys', join(folder, 'keys')])
    assert.equal(JSON.parse(out).data.views, 3)
  })

  test('says in one line what to do when a store cannot be had', async (t) => {
    const { folder } = await place(t)
    for (const [url, code, message] of [
      [`lmdb:${folder}/nope`, 3, /there is no file .*nope: is the path right\?/],
      ['mysql://u:pw@h/db', 2, /expected lmdb:PATH, redis/],
      ['env:SOJOURN_NOT_SET', 2, /SOJOURN_NOT_SET is not set/],
      [
        'postgres://u:pw@127.0.0.1:1/db',
        3,
        /cannot use postgres:\/\/u:\*\*\*@.*ECONNREFUSED.*is the server up/,
      ],
    ] as const) {
      const told = await sojourn(['ls', url])
      assert.equal(told.code, code, told.err)
      assert.match(told.err, message)
      assert.equal(told.err.trim().split('\n').length, 1)
      assert.doesNotMatch(told.err, /pw/)
    }
  })
})

describe('sojourn copy', () => {
  const FROM = 'from'
  test('moves sessions with their owners, deadlines and hashed ids, and again moves none', async (t) => {
    const [from, to] = [await place(t), await place(t, { hashIds: true, prefix: 'app:' })]
    for (let i = 0; i < 20; i++) await from.store.set(`${FROM}-${i}`, data(i % 2 ? 'ada' : 'bob', 1, { i }))
    const words = ['copy', from.url, to.url, '--hash-ids', '--to-prefix', 'app:']
    assert.deepEqual(await sojourn(words), { code: 0, out: '20 moved\n', err: '' })
    assert.equal(await from.store.length(), 0)
    assert.equal((await to.store.get(`${FROM}-7`))?.['i'], 7)
    assert.equal((await to.store.sessionsOf('ada')).length, 10)
    const [{ expiresAt = 0 } = {}] = await to.store.sessionsOf('bob')
    assert.ok(Math.abs(expiresAt - Date.now() - 24 * HOUR_MS) < 60_000)
    for (const [, { cookie }] of Object.entries(await to.store.all()))
      assert.equal((cookie as any).moving, undefined)
    assert.match((await sojourn(words)).out, /FROM has no sessions/)
    // And on, hashed as they are.
    const last = await place(t, { hashIds: true })
    assert.equal(
      (await sojourn(['copy', to.url, last.url, '--prefix', 'app:', '--hash-ids'])).out,
      '20 moved\n',
    )
    assert.equal((await last.store.get(`${FROM}-7`))?.['i'], 7)
  })

  test('does not revive what was ended in TO, and what TO has counts', async (t) => {
    const [from, to] = [await place(t), await place(t)]
    const next = new LmdbStore({ path: join(to.folder, 'sessions'), owner, migrateFrom: from.store })
    t.after(() => next.close())
    for (const id of ['kept', 'ended', 'asked']) await from.store.set(id, data('ada', 1, { in: 'from' }))
    await next.destroy('ended')
    const asked = await next.get('asked')
    await next.set('asked', { ...asked, in: 'to' } as any)
    // An old process that still writes to FROM.
    await from.store.set('asked', data('ada', 1, { in: 'old process' }))
    const { out } = await sojourn(['copy', from.url, to.url])
    assert.match(out, /^1 moved$/m)
    assert.match(out, /^1 were in TO already/m)
    assert.deepEqual(Object.keys(await next.all()).sort(), ['asked', 'kept'])
    assert.equal((await next.get('asked'))?.['in'], 'to')
    assert.equal(await from.store.length(), 0)
  })

  test('leaves records that it cannot read, and says so', async (t) => {
    const [from, to] = [await place(t, { seal: seal({ keys: ['k'.repeat(32)] }) }), await place(t)]
    await from.store.set('sealed', data('ada', 1))
    const { code, out } = await sojourn(['copy', from.url, to.url])
    assert.equal(code, 1)
    assert.match(out, /^1 left in FROM.*--seal-keys/m)
    assert.equal(await from.store.length(), 1)
    writeFileSync(join(from.folder, 'keys'), 'k'.repeat(32))
    assert.equal(
      (await sojourn(['copy', from.url, to.url, '--seal-keys', join(from.folder, 'keys')])).code,
      0,
    )
    assert.doesNotMatch((await to.store.backend.read('sealed'))?.body ?? '{', /^\{/)
  })

  test('with --keep leaves the originals, and --verify tells what differs', async (t) => {
    const [from, to] = [await place(t), await place(t)]
    for (const id of ['one', 'two', 'three']) await from.store.set(id, data('ada', 1, { id }))
    assert.equal((await sojourn(['copy', from.url, to.url, '--verify'])).out, '3 are missing in TO\n')
    assert.equal((await sojourn(['copy', from.url, to.url, '--keep'])).out, '3 copied\n')
    assert.deepEqual(await sojourn(['copy', from.url, to.url, '--verify']), {
      code: 0,
      out: '3 are the same in both\n',
      err: '',
    })
    await to.store.set('two', data('ada', 1, { id: 'changed' }))
    await to.store.destroy('three')
    const { code, out } = await sojourn(['copy', from.url, to.url, '--verify'])
    assert.equal(code, 1)
    assert.match(out, /1 are the same/)
    assert.match(out, /1 differ/)
    assert.match(out, /1 are missing/)
    assert.equal(await from.store.length(), 3)
  })
})
