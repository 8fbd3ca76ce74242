/** README's table "Works with" says what `test/dependents/` runs, with the versions that it installs. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { DEPENDENTS, HELPERS, worksWith } from './dependents/list'
import { DIFFERENCES } from './dependents/support/differences'

const FOLDER = join(__dirname, 'dependents')
const { dependencies } = require('./dependents/packages/package.json')

function sourcesOf(folder: string): string[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.ts') && file !== 'differences.ts')
  return files.map((file) => readFileSync(join(folder, file), 'utf8'))
}

test('the rows of README are those of the suite, in their order', () => {
  const readme = readFileSync(join(__dirname, '../README.md'), 'utf8')
  const [, section = ''] = readme.split('\n### Works with\n')
  const [own = ''] = section.split(/\n##+ /)
  const rows = own.split('\n').filter((line) => line.startsWith('| `'))
  assert.deepEqual(rows, worksWith(dependencies))
})

test('every file of the suite is in the list, and loads what the list says', () => {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.test.ts'))
  assert.deepEqual([...new Set(DEPENDENTS.map(({ file }) => `${file}.test.ts`))].sort(), files.sort())
  const missing = DEPENDENTS.flatMap(({ packages, file }) => {
    const source = readFileSync(join(FOLDER, `${file}.test.ts`), 'utf8')
    return packages.filter((name) => !new RegExp(`['/ ]${name}['/]|\\b${name}: \\(`).test(source))
  })
  assert.deepEqual(missing, [])
})

test('what is installed is in the list, in one exact version', () => {
  const named = new Set([...DEPENDENTS.flatMap(({ packages }) => packages), ...HELPERS])
  assert.deepEqual([...named].sort(), Object.keys(dependencies).sort())
  for (const version of Object.values(dependencies)) assert.match(String(version), /^\d+\.\d+\.\d+$/)
})

test('every known difference is met by a test', () => {
  const code = [...sourcesOf(FOLDER), ...sourcesOf(join(FOLDER, 'support'))].join('\n')
  const unused = Object.keys(DIFFERENCES).filter((difference) => !code.includes(`'${difference}'`))
  assert.deepEqual(unused, [])
})
