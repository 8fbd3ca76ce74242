/** What npm would publish, looked at and used by applications that have it installed. */
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { consumer, pack, run } from './packed'

const packed = pack()
after(() => packed.remove())

const app = newConsumer('app')
const installed = join(app, 'node_modules/sojourn')
const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
const subpaths = Object.keys(manifest.exports).map((subpath) => join('sojourn', subpath))

function newConsumer(name: string, packageName?: string): string {
  const folder = join(packed.tarball, '..', name)
  mkdirSync(folder)
  return consumer(packed, folder, packageName)
}

/** Runs a script in the application. @returns what it printed */
function inApp(file: string, text: string): string {
  writeFileSync(join(app, file), text)
  return run(app, process.execPath, [file]).trim()
}

function filesOf(ending: string): string[] {
  const names = readdirSync(join(installed, 'dist'), { recursive: true }) as string[]
  return names.filter((name) => name.endsWith(ending)).map((name) => join(installed, 'dist', name))
}

describe('the published package', () => {
  test('holds the build, its types, and nothing of our workshop', () => {
    const names = readdirSync(installed).filter((name) => !/^(README|HISTORY)\.md$/.test(name))
    assert.deepEqual(names.sort(), ['LICENSE', 'dist', 'package.json'])
    const strange = (readdirSync(join(installed, 'dist'), { recursive: true }) as string[]).filter(
      (name) => /\.\w+$/.test(name) && !/\.(js|d\.ts)$/.test(name),
    )
    assert.deepEqual(strange, [])
  })

  test('takes less than 600 kB', () => {
    const names = readdirSync(installed, { recursive: true }) as string[]
    const bytes = names.map((name) => statSync(join(installed, name))).filter((file) => file.isFile())
    const total = bytes.reduce((sum, { size }) => sum + size, 0)
    assert.ok(total < 600_000, `${total} bytes`)
  })

  test('has a version that satisfies the peers of stores written for express-session', () => {
    assert.match(manifest.version, /^1\.(2\d|1[89])\.\d+$/)
  })

  test('is what publint would have it be', async () => {
    const { publint } = await import('publint')
    const { formatMessage } = await import('publint/utils')
    const tarball = new Uint8Array(readFileSync(packed.tarball)).buffer
    const { messages } = await publint({ pack: { tarball }, strict: true })
    assert.deepEqual(
      messages.map((message) => formatMessage(message, manifest)),
      [],
    )
  })

  test('has types that are right for every way of resolving them', async () => {
    const { checkPackage, createPackageFromTarballData } = await import('@arethetypeswrong/core')
    const data = createPackageFromTarballData(readFileSync(packed.tarball))
    const analysis = await checkPackage(data, { excludeEntrypoints: ['./package.json'] })
    assert.ok(analysis.types)
    assert.deepEqual(analysis.problems, [])
  })
})

describe('an application that has it installed', () => {
  test('finds function names and lines in a stack trace', () => {
    const printed = inApp(
      'stack.cjs',
      `try { require('sojourn')({ secret: 'x', cookie: { maxAge: 'soon' } }) } catch (error) { console.log(error.stack) }`,
    )
    assert.match(printed, /at readCookieOptions \(.*sojourn.dist.shared.core\.js:\d{2,}:\d{1,3}\)/)
  })

  test('gets the function itself from require', () => {
    const printed = inApp(
      'callable.cjs',
      `const session = require('sojourn')
       const handle = session({ secret: 'x', resave: false, saveUninitialized: false })
       console.log(typeof session, handle.length, typeof session.Store)`,
    )
    assert.equal(printed, 'function 3 function')
  })

  test('gets named imports in ES modules, and one Store class in both module systems', () => {
    const printed = inApp(
      'named.mjs',
      `import session, { Store, MemoryStore, Session, Cookie, SessionError, ERROR_CODES, update } from 'sojourn'
       import * as all from 'sojourn'
       import { createRequire } from 'node:module'
       const required = createRequire(import.meta.url)('sojourn')
       console.log(session === required, Store === required.Store, all.Store === Store, all.default === session)
       console.log([MemoryStore, Session, Cookie, SessionError, update].map((it) => typeof it).join(), ERROR_CODES !== undefined)
       console.log(new MemoryStore() instanceof required.Store)`,
    )
    assert.equal(printed, 'true true true true\nfunction,function,function,function,function true\ntrue')
  })

  test('can require and import every subpath, with no store client installed, and finds the same names', () => {
    const printed = inApp(
      'subpaths.mjs',
      `import { createRequire } from 'node:module'
       const require = createRequire(import.meta.url)
       for (const path of ${JSON.stringify(subpaths)}) {
         const options = path.endsWith('.json') ? { with: { type: 'json' } } : undefined
         const imported = await import(path, options)
         const required = require(path)
         const names = Object.keys(required)
         if (options ? imported.default.name !== required.name : names.some((name) => imported[name] !== required[name]))
           console.log('import and require differ in', path)
         if (names.length === 0) console.log(path, 'is empty')
       }`,
    )
    assert.equal(printed, '')
  })

  test('finds nothing but the exported subpaths', () => {
    assert.throws(
      () => inApp('inner.cjs', `require('sojourn/dist/index.js')`),
      /ERR_PACKAGE_PATH_NOT_EXPORTED/,
    )
  })

  test('ends by itself after it made a middleware', () => {
    inApp('ends.cjs', `require('sojourn')({ secret: 'x', resave: false, saveUninitialized: false })`)
  })
})

describe('the type declarations', () => {
  test('ask for no package that a user need not have', () => {
    const asked = new Set<string>()
    for (const file of filesOf('.d.ts')) {
      for (const [, specifier] of readFileSync(file, 'utf8').matchAll(
        /(?:from|import\(|require\()\s*'([^']+)'/g,
      ))
        if (specifier && !specifier.startsWith('.') && !specifier.startsWith('node:')) asked.add(specifier)
    }
    // In lines that a missing module makes no error of.
    assert.deepEqual([...asked], ['express-session'])
  })

  test('show nothing that is internal', () => {
    for (const file of filesOf('.d.ts')) assert.ok(!readFileSync(file, 'utf8').includes('@internal'), file)
  })
})

describe('the program sojourn-storage', () => {
  test('starts from the package and says how it is used', () => {
    assert.match(
      readFileSync(join(installed, manifest.bin['sojourn-storage']), 'utf8'),
      /^#!\/usr\/bin\/env node\n/,
    )
    const said = run(app, process.execPath, [join(installed, manifest.bin['sojourn-storage']), '--help'])
    assert.match(said, /sojourn-storage/)
  })
})
