import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { backendCases } from '../../lib/conformance/backend/cases'

/** Sentences of the contract that are no demand on a backend, or none that a case can check. */
const NOT_FOR_A_CASE = [
  'Whose session it is, for backends with an owner index (`ownedBy`).',
  "`undefined`: nobody's; others ignore it.",
  'A backend on a column of JSON may take JSON text only, and says so.',
  'Lone surrogates do not occur: `JSON.stringify` escapes them.',
  // What it costs is the benchmarks' business.
  'Constant work per entry of that owner, never a scan.',
  // What the middleware does, tested there.
  'Between the two the middleware lets requests pass without a session.',
  '@returns how many it dropped',
  '@param ending why it ends, where the deadline is past; for those who `follow`',
  '@param ending why it ends; for those who `follow`',
  // A permission.
  'That a deadline has come need not be told, nor that it was moved on.',
]

/** The sentences in the comments of the members of `Entry` and `Backend`. */
function contractSentences(): string[] {
  const files = ['entry.ts', 'contract.ts'].map((name) => join(__dirname, '../../lib/backend', name))
  const members = files.map((file) => readFileSync(file, 'utf8')).join('')
  const comments = [...members.matchAll(/^ {2}\/\*\*(.*?)\*\//gms)].map(([, text = '']) => text)
  return comments.flatMap((comment) => {
    const text = comment
      .replace(/^\s*\*/gm, ' ')
      .replace(/\s+/g, ' ')
      .trim()
    return text.split(/(?<=\.) (?=[A-Z`@])/)
  })
}

test('each sentence of the contract has a case with the same words, and no case quotes anything else', () => {
  const quoted = new Set([...backendCases.flatMap((item) => item.says ?? []), ...NOT_FOR_A_CASE])
  const sentences = contractSentences()
  assert.ok(sentences.length > 15, 'the comments were found')
  assert.deepEqual(
    sentences.filter((sentence) => !quoted.has(sentence)),
    [],
    'without a case',
  )
  assert.deepEqual(
    [...quoted].filter((sentence) => !sentences.includes(sentence)),
    [],
    'not in the contract',
  )
})
