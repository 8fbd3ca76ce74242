/** README says what the code has: codes, events and options, in both directions. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ERROR_CODES } from '../lib/base/errors'

const ROOT = join(__dirname, '..')
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')

/** Accepted for the sake of code that passes them, and without effect. */
const WITHOUT_EFFECT = ['encode', 'signed']

/** @returns what is in backquotes in the first column of the tables under a heading */
function namesUnder(heading: string): string[] {
  const [, section = ''] = readme.split(`\n${heading}\n`)
  const [own = ''] = section.split(/\n##+ /)
  const cells = [...own.matchAll(/^\| ([^|]*`[^|]*) \|/gm)].map(([, cell = '']) => cell)
  return cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name)).sort()
}

/** @returns the members of an interface, from its source: types are gone at run time */
function membersOf(file: string, name: string): string[] {
  const source = readFileSync(join(ROOT, 'lib', file), 'utf8')
  const [, body = ''] = new RegExp(`export interface ${name} \\{\\n([\\s\\S]*?)\\n\\}`).exec(source) ?? []
  return [...body.matchAll(/^ {2}(\w+)\??:/gm)].map(([, member = '']) => member).sort()
}

test("README's table of error codes and the code have the same codes", () => {
  assert.deepEqual(namesUnder('## Error codes'), Object.keys(ERROR_CODES).sort())
})

test('every code that README names exists', () => {
  const named = new Set(readme.match(/\bERR_SESSION_\w+/g))
  assert.deepEqual(
    [...named].filter((code) => !(code in ERROR_CODES)),
    [],
  )
})

test("README's table of events and the code have the same events", () => {
  assert.deepEqual(namesUnder('## Events'), membersOf('base/events.ts', 'SessionEvents'))
})

test("README's table of options and the code have the same options", () => {
  assert.deepEqual(namesUnder('## Options'), membersOf('session/options.ts', 'SessionOptions'))
})

test("README's table of cookie settings and the code have the same settings", () => {
  const settings = membersOf('cookie/settings.ts', 'CookieOptions')
  assert.deepEqual(
    namesUnder('### Cookie'),
    settings.filter((name) => !WITHOUT_EFFECT.includes(name)),
  )
})

test("README's table of a backend's methods and the contract have the same methods", () => {
  const [, section = ''] = readme.split('\n### Writing a backend\n')
  const [own = ''] = section.split(/\n##+ /)
  const cells = [...own.matchAll(/^\| ([^|]*`[^|]*) \|/gm)].map(([, cell = '']) => cell)
  const named = cells.flatMap((cell) => [...cell.matchAll(/`(\w+)\(/g)].map(([, name]) => name))
  const contract = readFileSync(join(ROOT, 'lib/backend/contract.ts'), 'utf8')
  const [, body = ''] = /export interface Backend \{\n([\s\S]*?)\n\}/.exec(contract) ?? []
  const methods = [...body.matchAll(/^ {2}(\w+)\??\(/gm)].map(([, name]) => name)
  assert.ok(methods.length > 5)
  assert.deepEqual(named.sort(), methods.sort())
})

test("README's table of warnings and the code have the same codes", () => {
  const lib = join(ROOT, 'lib')
  const files = (readdirSync(lib, { recursive: true }) as string[]).filter((name) => name.endsWith('.ts'))
  const told = files.flatMap(
    (name) => readFileSync(join(lib, name), 'utf8').match(/\bSOJOURN_[A-Z_]+/g) ?? [],
  )
  // One is made of the option's name.
  const made = ['SOJOURN_UNDEFINED_RESAVE', 'SOJOURN_UNDEFINED_SAVEUNINITIALIZED']
  const codes = new Set([...told.filter((code) => code !== 'SOJOURN_UNDEFINED_'), ...made])
  assert.deepEqual(namesUnder('### Warnings'), [...codes].sort())
})
