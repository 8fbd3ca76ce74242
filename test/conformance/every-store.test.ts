import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const ROOT = join(__dirname, '../..')

function sourcesIn(folder: string): Array<{ path: string; text: string }> {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => ({ path: join(folder, path), text: readFileSync(join(ROOT, folder, path), 'utf8') }))
}

/** @returns the classes in `lib/` whose declaration goes on like this */
function classesThat(declaration: string): string[] {
  const pattern = new RegExp(`^export class (\\w+)(?:<[^{]*>)? ${declaration}\\b`, 'gm')
  return sourcesIn('lib').flatMap(({ text }) => [...text.matchAll(pattern)].map(([, name = '']) => name))
}

/** @returns the classes for which no test file calls the suite under a title that begins with their name */
function withoutSuite(classes: string[], call: string): string[] {
  const tests = sourcesIn('test').filter(({ path }) => path.endsWith('.test.ts'))
  return classes.filter((name) => {
    const called = new RegExp(`\\b${call}\\(\\s*['"\`]${name}\\b`)
    return !tests.some(({ text }) => called.test(text))
  })
}

test('every backend of this package is held against the backend suite', () => {
  const backends = classesThat('implements \\w*Backend')
  assert.ok(backends.includes('MemoryBackend'), 'the backends were found')
  assert.deepEqual(withoutSuite(backends, 'testBackend'), [])
})

test('every store of this package is held against the store suite', () => {
  const stores = classesThat('extends BackedStore')
  assert.ok(stores.includes('MemoryStore'), 'the stores were found')
  assert.deepEqual(withoutSuite(stores, 'testStore'), [])
})
