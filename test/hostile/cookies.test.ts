import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import { PlainStore, sessionApp } from '../response/support/apps'
import { OPTIONS } from '../response/support/modes'
import { parseAnswers, RawConnection } from '../response/support/raw'
import { begin, STORES, withSession } from '../response/support/visitors'
import type { Handler } from '../support/app'
import { Witness } from './witness'

const NAME = 'connect.sid'
const junk = `${NAME}=s%3Ajunk.${'A'.repeat(43)}`

function signed(id: string): string {
  const mac = createHmac('sha256', OPTIONS.secret).update(id).digest('base64').replace(/=+$/, '')
  return encodeURIComponent(`s:${id}.${mac}`)
}

const show: Handler = (req, res) => res.end(JSON.stringify({ begun: req.session.begun, id: req.sessionID }))

/** Header lines around the good cookie, in which it must be found. */
const FOUND: Record<string, (good: string) => string[]> = {
  'between names that begin or end like ours': (good) => [
    `Cookie: x${NAME}=1; ${NAME}x=2; ${NAME.slice(0, -1)}=3; ${good}; ${NAME}${NAME}=4`,
  ],
  'in two Cookie headers': (good) => [`Cookie: a=1; ${junk}`, `Cookie: ${good}`],
  'in quotes': (good) => [`Cookie: ${good.replace('=', '="')}"`],
  'with blanks around the equals sign': (good) => [`Cookie:  a=b ;\t${good.replace('=', ' =  ')} ; c`],
  'behind seven that are not ours': (good) => [`Cookie: ${`${junk}; `.repeat(7)}${good}`],
  'behind broken percent-encodings': (good) => [`Cookie: ${NAME}=%; ${NAME}=%E0%A4%A; ${NAME}=%zz; ${good}`],
  'behind an empty one': (good) => [`Cookie: ${NAME}=; ${NAME}=""; ${good}`],
  'behind one that names no session': (good) => [`Cookie: ${NAME}=${signed('never-issued')}; ${good}`],
  'behind names of prototypes': (good) => [
    `Cookie: __proto__=1; constructor=2; toString=3; hasOwnProperty=4; ${good}`,
  ],
  'behind no name and no value': (good) => [`Cookie: ;;; =; ==; =x; ;${good};;;`],
  'behind 12,000 bytes of another': (good) => [`Cookie: other=${'x'.repeat(12_000)}; ${good}`],
  'behind 4,000 blanks': (good) => [`Cookie: a=1;${' '.repeat(4000)}${good}`],
  'with bytes above ASCII in another': (good) => [`Cookie: other=\xff\xfe\x80é; ${good}`],
}

/** Header lines with which a visitor is somebody new. */
const NOT_FOUND: Record<string, (good: string) => string[]> = {
  'a signature of another id': (good) => [
    `Cookie: ${NAME}=${good.slice(NAME.length + 1).replace(/^s%3A../, 's%3Axx')}`,
  ],
  'a cut signature': (good) => [`Cookie: ${good.slice(0, -4)}`],
  'a longer signature': (good) => [`Cookie: ${good}AAAA`],
  'no signature': (good) => [`Cookie: ${good.split('.').slice(0, -1).join('.')}`],
  'no mark that it is signed': (good) => [`Cookie: ${good.replace('s%3A', '')}`],
  'another case of the name': (good) => [`Cookie: ${good.toUpperCase()}`],
  'behind a thousand that are not ours': (good) => [`Cookie: ${`${NAME}=x; `.repeat(1000)}${good}`],
  '16,000 bytes of one value': () => [`Cookie: ${NAME}=s%3A${'x'.repeat(15_800)}`],
  '15,000 percent signs': () => [`Cookie: ${NAME}=${'%'.repeat(15_000)}`],
  '15,000 times the beginning of the name': () => [`Cookie: ${NAME.repeat(1300)}`],
  '14,000 blanks behind the name': () => [`Cookie: ${NAME}${' '.repeat(14_000)}x`],
  'the value of another attribute': (good) => [`Cookie: $Version=1; a=${good}`],
  'a name that is ours percent-encoded': (good) => [`Cookie: ${good.replace('connect', '%63onnect')}`],
  'the cookie in another header': (good) => [`X-Cookie: ${good}`, `Cookie2: ${good}`, `Set-Cookie: ${good}`],
}

/** Ids that we would have signed ourselves, in forms that we never issue. */
const IDS: Record<string, string> = {
  'a path': '../../../etc/passwd',
  'a name of a prototype': '__proto__',
  'another name of a prototype': 'constructor',
  'a query': '{"$ne":null}',
  'a line break': 'a\r\nSet-Cookie: evil=1',
  'a zero byte': 'abc\0def',
  'a control character': '\x1b[31mred',
  'an escape at its end': 'abc\x7f',
  'a blank': 'a b c d e f',
  'a glob': '*',
  'a letter beyond ASCII': 'ïd-ïd-ïd',
  '513 characters': 'x'.repeat(513),
  'nothing at all': '',
}

async function ask(origin: string, lines: string[]): Promise<{ status: number; body: string }> {
  const client = await RawConnection.to(origin)
  client.send(
    Buffer.from(`GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${lines.join('\r\n')}\r\n\r\n`, 'latin1'),
  )
  await client.end()
  const [answer] = parseAnswers(client.received, ['GET'])
  return { status: answer?.status ?? 0, body: answer?.body.toString() ?? '' }
}

/** Requests one after the other on one connection, as a proxy sends those of many visitors. */
async function askInTurn(origin: string, cookies: string[]): Promise<Array<{ begun: unknown; id: string }>> {
  const client = await RawConnection.to(origin)
  cookies.forEach((cookie, i) => {
    const last = i === cookies.length - 1
    client.request('/x', { Cookie: cookie, Connection: last ? 'close' : 'keep-alive' })
  })
  await client.end()
  const answers = parseAnswers(
    client.received,
    cookies.map(() => 'GET'),
  )
  return answers.map(({ body }) => JSON.parse(body.toString()))
}

for (const [words, makeStore] of Object.entries(STORES)) {
  describe(`cookies of hostile clients, ${words} store`, () => {
    for (const [name, lines] of Object.entries(FOUND)) {
      it(`the good one is found ${name}`, async (t) => {
        const app = await sessionApp(t, makeStore(), withSession(show))
        const witness = new Witness(t, app.sessions)
        const { cookie } = await begin(app)
        const { status, body } = await ask(app.origin, lines(cookie))
        assert.equal(status, 200)
        const { begun, id } = JSON.parse(body)
        assert.equal(begun, true)
        witness.mustNotHaveHeard([id, cookie.slice(NAME.length + 1)])
        assert.deepEqual(app.errors, [])
      })
    }

    it('visitors who share a connection stay apart, and each forgery is refused anew', async (t) => {
      const app = await sessionApp(t, makeStore(), withSession(show))
      const witness = new Witness(t, app.sessions)
      const { cookie: one } = await begin(app)
      const { cookie: two } = await begin(app)
      const forged = `${one.slice(0, -6)}AAAAAA`
      const answers = await askInTurn(app.origin, [one, one, two, one, forged, forged, two, two, junk, one])
      const [a, b] = [answers[0]?.id, answers[2]?.id]
      assert.notEqual(a, b)
      assert.deepEqual(
        answers.map(({ begun, id }) => (begun ? id : 'new')),
        [a, a, b, a, 'new', 'new', b, b, 'new', a],
      )
      assert.deepEqual(witness.refused, ['signature', 'signature', 'signature'])
    })

    for (const [name, lines] of Object.entries(NOT_FOUND)) {
      it(`gives nobody another's session: ${name}`, async (t) => {
        const app = await sessionApp(t, makeStore(), withSession(show))
        const witness = new Witness(t, app.sessions)
        const { cookie } = await begin(app)
        const { status, body } = await ask(app.origin, lines(cookie))
        assert.equal(status, 200)
        const { begun, id } = JSON.parse(body)
        assert.equal(begun, undefined)
        assert.match(id, /^[\w-]{32}$/)
        witness.mustNotHaveHeard([
          id,
          decodeURIComponent(cookie)
            .slice(NAME.length + 3)
            .split('.')[0],
          cookie.slice(NAME.length + 1),
        ])
        assert.deepEqual(app.errors, [])
      })
    }

    for (const [name, hostile] of Object.entries(IDS)) {
      it(`adopts no id that we have not issued, though it is signed: ${name}`, async (t) => {
        const store: any = makeStore()
        const app = await sessionApp(t, store, withSession(show))
        const witness = new Witness(t, app.sessions)
        const { status, body } = await ask(app.origin, [`Cookie: ${NAME}=${signed(hostile)}`])
        assert.equal(status, 200)
        const { begun, id } = JSON.parse(body)
        assert.equal(begun, undefined)
        assert.match(id, /^[\w-]{32}$/)
        assert.equal(witness.refused.length, 1)
        assert.ok(['malformed', 'unknown', 'signature'].includes(witness.refused[0] ?? ''))
        if (hostile.length >= 6) witness.mustNotHaveHeard([hostile])
        assert.deepEqual(app.errors, [])
      })
    }
  })
}

describe('the work that a hostile Cookie header makes', () => {
  it('is bounded: eight ids are looked at, however many are signed', async (t) => {
    const store = new PlainStore()
    const app = await sessionApp(t, store, withSession(show))
    const cookies = Array.from({ length: 100 }, (_, i) => `${NAME}=${signed(`id-${i}`)}`)
    await ask(app.origin, [`Cookie: ${cookies.join('; ')}`])
    assert.equal(store.count('get'), 8)
    assert.equal(store.rows.size, 0)
  })

  it('is done once for a cookie that comes many times', async (t) => {
    const store = new PlainStore()
    const app = await sessionApp(t, store, withSession(show))
    await ask(app.origin, [`Cookie: ${`${NAME}=${signed('the-same')}; `.repeat(8)}`])
    assert.equal(store.count('get'), 1)
  })

  it('takes 800 of the worst headers in a moment', async (t) => {
    const app = await sessionApp(t, STORES.memory(), withSession(show), { kind: 'node:http' })
    const worst = [
      `Cookie: ${NAME.repeat(1400)}`,
      `Cookie: ${`${NAME} `.repeat(1300)}`,
      `Cookie: ${`${NAME}=${'%'.repeat(10)};`.repeat(650)}`,
      `Cookie: ${NAME}=s%3A${'%41'.repeat(5000)}.x`,
    ]
    const client = await RawConnection.to(app.origin)
    for (let i = 0; i < 200; i++) {
      client.send(worst.map((line) => `GET /x HTTP/1.1\r\nHost: a\r\n${line}\r\n\r\n`).join(''))
    }
    const began = process.cpuUsage()
    let answers = 0
    client.socket.on('data', (chunk) => {
      answers += chunk.toString('latin1').split('HTTP/1.1 200').length - 1
    })
    for (let i = 0; i < 400 && answers < 800; i++) await new Promise((resolve) => setTimeout(resolve, 10))
    assert.equal(answers, 800)
    const { user, system } = process.cpuUsage(began)
    assert.ok(user + system < 3_000_000, `${(user + system) / 1000} ms of CPU`)
    client.close()
  })
})
