/** The order that lib/ keeps: who may import whom, how long a file may be, what it may depend on. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, relative, sep } from 'node:path'
import { test } from 'node:test'

const ROOT = join(__dirname, '..')
const LIB = join(ROOT, 'lib')
const manifest = require('../package.json')

/** The rooms of the house, from the ground up: a file imports its own room and those before it. */
const ROOMS = [
  'base',
  'cookie',
  'record',
  'session',
  'response',
  'backend',
  'store',
  'keeper',
  'exchange',
  'middleware',
  'engine',
  'trust',
  'storage',
  'conformance',
  'cli',
]

/** Rooms whose folders know nothing of each other: what they share stands in the room itself. */
const APART = ['backend', 'keeper']

const LINES_MAX = 250
/** Longer files, and why they are not two. */
const LONGER: Record<string, string> = {
  'session/cookie.ts': 'a cookie has its JSON from a template and from its attributes; the two are one text',
}

/** Type-only, and in lines that a missing module makes no error of. */
const TYPES_BESIDE = ['index.ts express-session', 'index.ts express-session/dist/express-session']

interface Source {
  /** Path in lib, with `/`. */
  name: string
  folder: string
  code: string
  imports: string[]
}

const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')

const sources: Source[] = (readdirSync(LIB, { recursive: true }) as string[])
  .filter((file) => file.endsWith('.ts'))
  .map((file) => {
    const text = readFileSync(join(LIB, file), 'utf8')
    const imports = [
      ...withoutComments(text).matchAll(/(?<![.\w])(?:from|import|require)[\s(]*'([\w.@/:-]+)'/g),
    ]
    const name = file.split(sep).join('/')
    return {
      name,
      folder: dirname(name),
      code: text,
      imports: imports.map(([, specifier = '']) => specifier),
    }
  })

const isRelative = (specifier: string): boolean => specifier.startsWith('.')

const roomOf = (path: string): string => path.split('/')[0] ?? ''

/** Why a file of lib may not import another. */
function fault(from: string, to: string): string | undefined {
  // The face of the package imports what it shows, and its types are known to Express by other names.
  if (!from.includes('/')) return undefined
  if (/(^|\/)index$/.test(to)) return 'the face of a room is for users'
  const [room, other] = [roomOf(from), roomOf(to)]
  if (room !== other) {
    return ROOMS.indexOf(other) >= 0 && ROOMS.indexOf(other) < ROOMS.indexOf(room)
      ? undefined
      : 'a room above'
  }
  const apart = APART.includes(room) && to.split('/').length > 2 && dirname(to) !== dirname(from)
  return apart && from.split('/').length > 2 ? 'the folder of another one' : undefined
}

test('a file imports its own room and those below, and never the face of one', () => {
  const wrong: string[] = []
  for (const { name, folder, imports } of sources) {
    for (const specifier of imports.filter(isRelative)) {
      // Of the package itself, for its version; it is in the same place seen from `dist`.
      if (/\/package\.json$/.test(specifier)) continue
      const why = fault(name, posix.join(folder, specifier))
      if (why) wrong.push(`${name} imports ${specifier}: ${why}`)
    }
  }
  assert.deepEqual(wrong, [])
})

/** @returns the files that can be reached from each other, of types as well, by the names of one circle after another */
function circles(): string[] {
  const known = new Map(sources.map((source) => [source.name, source]))
  const importsOf = ({ folder, imports }: Source) =>
    imports.filter(isRelative).flatMap((specifier) => known.get(`${posix.join(folder, specifier)}.ts`) ?? [])
  const found: string[] = []
  const done = new Set<Source>()
  const visit = (source: Source, path: Source[]): void => {
    const at = path.indexOf(source)
    if (at >= 0) found.push([...path.slice(at), source].map(({ name }) => name).join(' -> '))
    if (at >= 0 || done.has(source)) return
    for (const next of importsOf(source)) visit(next, [...path, source])
    done.add(source)
  }
  for (const source of sources) visit(source, [])
  return found
}

test('no file imports itself by way of others, not even for a type', () => {
  assert.deepEqual(circles(), [])
})

const README = readFileSync(join(ROOT, 'README.md'), 'utf8')

test("README's table of rooms is the order of rooms, with the file to open first", () => {
  const rows = [...README.matchAll(/^\| `(\w+)\/` \|.*\| `([\w./-]+)` \|$/gm)]
  assert.deepEqual(
    rows.map(([, room]) => room),
    ROOMS,
  )
  assert.deepEqual(
    rows.map(([, , first = '']) => roomOf(first)),
    ROOMS,
  )
})

test('every file of lib, test and examples that README names is there', () => {
  const design = README.slice(README.indexOf('## Design'))
  const named = [...design.matchAll(/(?<![\w./])((?:[\w-]+\/)+[\w.-]+\.ts)\b/g)].map(([, path = '']) => path)
  assert.ok(named.length > 30, `${named.length} files are named`)
  const there = (path: string) => existsSync(join(LIB, path)) || existsSync(join(ROOT, path))
  assert.deepEqual(
    named.filter((path) => !there(path)),
    [],
  )
})

test('what lib exports is used: in another file of lib, or in a test', () => {
  const words = new Map<string, Set<string>>()
  const note = (file: string, text: string) => {
    for (const word of new Set(text.match(/\w+/g))) words.set(word, (words.get(word) ?? new Set()).add(file))
  }
  for (const { name, code } of sources) note(name, withoutComments(code))
  for (const file of readdirSync(__dirname, { recursive: true }) as string[]) {
    if (file.endsWith('.ts')) note(`test/${file}`, readFileSync(join(__dirname, file), 'utf8'))
  }
  const dead: string[] = []
  for (const { name, code } of sources) {
    const exported = code.matchAll(/^export (?:abstract |async )*(?:const|let|function\*?|class) (\w+)/gm)
    for (const [, word = ''] of exported) if (words.get(word)?.size === 1) dead.push(`${name} ${word}`)
  }
  assert.deepEqual(dead, [])
})

test('every folder is a room, and every room has files', () => {
  const rooms = new Set(sources.map(({ name }) => roomOf(name)).filter((room) => !room.endsWith('.ts')))
  assert.deepEqual([...rooms].sort(), [...ROOMS].sort())
})

test(`a file has at most ${LINES_MAX} lines, or a reason`, () => {
  const longer = sources.filter(({ code }) => code.trimEnd().split('\n').length > LINES_MAX)
  assert.deepEqual(longer.map(({ name }) => name).sort(), Object.keys(LONGER).sort())
})

test('what is imported is Node.js or a dependency; optional peers are loaded when they are used', () => {
  const wrong: string[] = []
  for (const { name, code, imports } of sources) {
    for (const specifier of imports.filter((it) => !isRelative(it) && !it.startsWith('node:'))) {
      if (TYPES_BESIDE.includes(`${name} ${specifier}`)) continue
      const loadedLate = specifier in manifest.peerDependencies && !code.includes(`from '${specifier}'`)
      if (!(specifier in manifest.dependencies) && !loadedLate) wrong.push(`${name} imports ${specifier}`)
    }
  }
  assert.deepEqual(wrong, [])
})

test('every dependency is used', () => {
  const used = new Set(sources.flatMap(({ imports }) => imports))
  const named = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies)]
  // Its clients are passed in by the caller.
  assert.deepEqual(
    named.filter((dependency) => !used.has(dependency)),
    ['ioredis'],
  )
})

/** A search for a name finds the thing: the faces that call a class `Session` rename it when they export it. */
test('two files of lib export no two things of one name', () => {
  const files = new Map<string, Set<string>>()
  const declaration =
    /^export (?:abstract |declare |async )*(?:const|let|function\*?|class|type|interface|enum) (\w+)/gm
  for (const { name, code } of sources) {
    for (const [, exported = ''] of code.matchAll(declaration)) {
      files.set(exported, (files.get(exported) ?? new Set()).add(name))
    }
  }
  const shared = [...files].filter(([, names]) => names.size > 1)
  assert.deepEqual(
    shared.map(([exported, names]) => `${exported}: ${[...names]}`),
    [],
  )
})

/** Where there are two ways of writing one thing, lib/ has one. `only`: the file that has the other. */
const ONE_WAY: ReadonlyArray<{ wrong: RegExp; right: string; only?: string }> = [
  { wrong: /\bNumber\.(?:POSITIVE_|NEGATIVE_)?(?:INFINITY|NaN)\b/, right: 'Infinity, -Infinity, NaN' },
  { wrong: /\bDate\.now\b|\bnew Date\(\)/, right: 'systemClock()', only: 'base/clock.ts' },
  {
    wrong: /\bfunction \w+\(\): void \{\}|\(\)(?:: void)? => \{\}/,
    right: 'ignore',
    only: 'base/async.ts',
  },
  { wrong: /\bprivate (?!constructor\b)/, right: '#name', only: 'storage/kado/guard.ts' },
]

for (const { wrong, right, only } of ONE_WAY) {
  test(`lib has one way to write ${right}${only ? `, and ${only} the other` : ''}`, () => {
    const found = sources.filter(({ code, name }) => wrong.test(withoutComments(code)) && name !== only)
    assert.deepEqual(
      found.map(({ name }) => name),
      [],
    )
  })
}

test('nothing in lib writes to the console', () => {
  const writes = sources.filter(({ code }) =>
    /(?<![\w'`.])console\.\w+\(/.test(code.replace(/^\s*\*.*$/gm, '')),
  )
  assert.deepEqual(
    writes.map(({ name }) => name),
    [],
  )
})

test('timers are those of base/timers: an application may have replaced the ambient ones', () => {
  const ambient = sources.filter(
    ({ name, code }) =>
      name !== 'base/timers.ts' &&
      /node:timers|(?<![.\w#])(set|clear)(Timeout|Interval|Immediate)\((?!\): void)/.test(code),
  )
  assert.deepEqual(
    ambient.map(({ name }) => name),
    [],
  )
})

test('the top level holds nothing but what belongs there', () => {
  const files = [...(manifest.files as string[]), 'package.json', 'package-lock.json', 'tsconfig.json']
  const allowed = new Set([
    ...files,
    'lib',
    'test',
    'examples',
    'bench',
    'README.md',
    'LICENSE',
    'HISTORY.md',
    'node_modules',
  ])
  const strange = readdirSync(ROOT).filter((name) => !name.startsWith('.') && !allowed.has(name))
  assert.deepEqual(
    strange.map((name) => relative(ROOT, join(ROOT, name))),
    [],
  )
})
