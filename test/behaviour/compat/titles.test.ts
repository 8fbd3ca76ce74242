import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { DIFFERENCES } from './differences'

const sources = readdirSync(__dirname)
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => readFileSync(join(__dirname, name), 'utf8'))
  .join('\n')

it('every fact that a drop-in must keep has a test that names it, T1 to T30', () => {
  const named = new Set([...sources.matchAll(/['"`](T\d+):/g)].map(([, id]) => id))
  const missing = Array.from({ length: 30 }, (_, i) => `T${i + 1}`).filter((id) => !named.has(id))
  assert.deepEqual(missing, [])
})

it('every difference that is listed belongs to a test', () => {
  const missing = Object.keys(DIFFERENCES).filter((title) => {
    // Titles made in a loop end in what the loop is over.
    return (
      !sources.includes(title.replace(/'/g, "\\'")) &&
      !sources.includes(title) &&
      !sources.includes(title.replace(/ on \w+$/, ''))
    )
  })
  assert.deepEqual(missing, [])
})
