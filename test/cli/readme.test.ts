/** What README shows of the program is what it prints. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseCommandLine } from '../../lib/cli/arguments'
import { LmdbStore } from '../../lib/store/lmdb'
import { sojourn } from './run'

const readme = readFileSync(join(__dirname, '../../README.md'), 'utf8')
const [, chapter = ''] = /\n## Operating\n([\s\S]*?)\n## /.exec(readme) ?? []
const HOUR_MS = 3_600_000

test("README's table has every command", () => {
  const named = [...chapter.matchAll(/^\| `(\w+) /gm)].map(([, name = '']) => name)
  const source = readFileSync(join(__dirname, '../../lib/cli/arguments.ts'), 'utf8')
  const known = [...source.matchAll(/^ {2}(\w+): \{ words:/gm)].map(([, name = '']) => name)
  assert.ok(known.length > 8)
  assert.deepEqual(named.sort(), known.sort())
})

test('the commands of README print what README shows', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-readme-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const store = new LmdbStore({
    path: join(folder, 'sessions'),
    owner: (session: any) => session.userId,
    pruneInterval: 0,
  })
  // Half a minute is time enough for this test, and changes none of the words.
  const save = (id: string, userId: string | undefined, hours: number, more: object) => {
    const expires = new Date(Date.now() + hours * HOUR_MS + 30_000)
    const created = Date.now() - hours * HOUR_MS - 30_000
    return store.set(id, { cookie: { originalMaxAge: null, expires, created }, userId, ...more } as any)
  }
  await save('a', 'ada', 3, { cart: [7, 9], apiToken: 'secret' })
  await save('b', 'bob', 50, { theme: 'dark' })
  await save('c', 'ada', 200, {})
  await store.close()
  const [, listing = ''] = /^```console\n([\s\S]*?^```)/m.exec(chapter) ?? []
  const shown = [...listing.matchAll(/^\$ npx sojourn (.*)\n([\s\S]*?)(?=^\$|^```)/gm)]
  assert.ok(shown.length > 4)
  for (const [, command = '', output] of shown) {
    const words = command.replace(/'/g, '').replaceAll('./', `${folder}/`).split(' ')
    assert.notEqual(parseCommandLine(words), 'help')
    const { out, err } = await sojourn(words)
    const times = /"(created|expires)": "[^"]*"/g
    assert.equal((out + err).replace(times, '"$1": "…"'), output?.replace(times, '"$1": "…"'), command)
  }
})
