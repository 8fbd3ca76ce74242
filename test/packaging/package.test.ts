/** What npm would publish, looked at and used by applications that have it installed. */
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { consumer, link, pack, run } from './packed'

const packed = pack()
after(() => packed.remove())

const app = newConsumer('app')
const installed = join(app, 'node_modules/sojourn')
const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
/** One is for the compiler alone. */
const TYPES_ALONE = './dist/express-session'
const subpaths = Object.keys(manifest.exports)
  .filter((subpath) => subpath !== TYPES_ALONE)
  .map((subpath) => join('sojourn', subpath))

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

  test('takes less than 700 kB, two thirds of what it did unbundled', () => {
    const names = readdirSync(installed, { recursive: true }) as string[]
    const bytes = names.map((name) => statSync(join(installed, name))).filter((file) => file.isFile())
    const total = bytes.reduce((sum, { size }) => sum + size, 0)
    assert.ok(total < 700_000, `${total} bytes`)
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
    const analysis = await checkPackage(data, { excludeEntrypoints: ['./package.json', TYPES_ALONE] })
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

describe('a bundle with LmdbStore in it', () => {
  const folder = newConsumer('bundled')
  link(folder, 'lmdb')
  const input = join(folder, 'app.cjs')
  const store = "new (require('sojourn/lmdb').LmdbStore)({ path: __filename + '.sessions' })"
  writeFileSync(
    input,
    `try { ${store}.close().then(() => console.log('opened')) } catch (error) { console.log(error.message) }`,
  )
  const bundlers: Record<string, (output: string, external: string[]) => Promise<unknown>> = {
    esbuild: async (outfile, external) => {
      const { build } = require('esbuild') as { build(options: object): Promise<unknown> }
      await build({
        entryPoints: [input],
        bundle: true,
        platform: 'node',
        outfile,
        external,
        logLevel: 'error',
      })
    },
    rolldown: async (file, external) => {
      const { rolldown } = await import('rolldown')
      const options = { platform: 'node', external, onLog: () => {} } as const
      const bundled = await rolldown({ ...options, input })
      await bundled.write({ file, format: 'cjs' })
    },
  }

  for (const [name, bundle] of Object.entries(bundlers)) {
    test(`${name}: without lmdb's native part it says what to do, and that works`, async () => {
      const [whole, external] = [`${name}-whole.cjs`, `${name}-external.cjs`]
      await bundle(join(folder, whole), [])
      assert.match(run(folder, process.execPath, [whole]), /there and fails to load .*external: \['lmdb'\]/)
      await bundle(join(folder, external), ['lmdb'])
      assert.equal(run(folder, process.execPath, [external]).trim(), 'opened')
    })
  }

  test('and Node.js that makes no code from strings says so', () => {
    const printed = run(folder, process.execPath, ['--disallow-code-generation-from-strings', input])
    assert.match(printed, /start Node\.js without --disallow-code-generation-from-strings/)
    assert.doesNotMatch(printed, /external/)
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
    const inIgnoredLines = ['express-session', 'express-session/dist/express-session']
    assert.deepEqual([...asked], inIgnoredLines)
  })

  test('show nothing that is internal', () => {
    for (const file of filesOf('.d.ts')) assert.ok(!readFileSync(file, 'utf8').includes('@internal'), file)
  })
})

describe('the program sojourn', () => {
  test('is the one that npx starts, and says what to install for a store', () => {
    const program = join(installed, manifest.bin.sojourn)
    assert.match(run(app, process.execPath, [program, '--help']), /^sojourn: looks into/)
    assert.throws(
      () => run(app, process.execPath, [program, 'ls', 'redis://127.0.0.1:1']),
      /npm install redis/,
    )
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
