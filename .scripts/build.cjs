'use strict'
// `npm run build [-- FOLDER]`: what gets published. Each entry of package.json becomes one file with what only it needs,
// and all share one chunk, so that there is one Store and a cold process reads few files. Names, lines and the
// declarations stay: stack traces and editors show them.
const { execFileSync } = require('node:child_process')
const { readdirSync, readFileSync, rmSync, writeFileSync } = require('node:fs')
const { dirname, join, relative, resolve } = require('node:path')

const root = join(__dirname, '..')
const out = resolve(process.argv[2] ?? join(root, 'dist'))
const { bin, exports: subpaths } = require('../package.json')

const built = [...Object.values(subpaths).map((subpath) => subpath.default), ...Object.values(bin)]
const entries = built.filter(Boolean).map((path) => path.replace('./dist/', '').replace(/\.js$/, ''))

/** What `session()` needs, and every other entry too. */
const SHARED =
  /\/lib\/(cookie|record|session|response|keeper|exchange|middleware|backend\/memory|backend\/[^/]+\.ts|store\/(?!lmdb|redis|postgres))/

async function bundle() {
  const { rolldown } = await import('rolldown')
  const input = Object.fromEntries(entries.map((entry) => [entry, join(root, 'lib', `${entry}.ts`)]))
  const bundled = await rolldown({
    input,
    platform: 'node',
    external: [/^[^./]/, /package\.json$/],
    tsconfig: join(root, 'lib/tsconfig.json'),
    transform: { target: 'es2022' },
  })
  await bundled.write({
    dir: out,
    format: 'cjs',
    exports: 'auto',
    comments: false,
    // Names of functions and classes are what a stack trace shows.
    minify: { compress: true, mangle: { keepNames: true, toplevel: false }, codegen: false },
    chunkFileNames: 'shared/[name].js',
    codeSplitting: {
      groups: [
        { name: 'base', test: /\/lib\/base\// },
        { name: 'core', test: SHARED },
      ],
    },
  })
}

/** The bundler's names of modules, which stand in front of each name that is imported and in no stack trace. */
function shortly(code) {
  const declared = code.matchAll(/\b((?:require|node)_[a-z_]+) = require/g)
  const names = [...new Set([...declared].map(([, name]) => name))]
  const short = new Map(names.map((name, i) => [name, `$${(i + 10).toString(36)}`]))
  const taken = [...short.values()].find((name) => code.includes(name))
  if (taken) throw new Error(`${taken} is a name already`)
  return code.replace(/\b(?:require|node)_[a-z_]+\b/g, (name) => short.get(name) ?? name)
}

/** Without the blanks, in lines short enough that a stack trace still says where. */
function tighten() {
  const { transformSync } = require('esbuild')
  const rules = { minifyWhitespace: true, lineLimit: 110, platform: 'node', target: 'node20' }
  for (const name of readdirSync(out, { recursive: true })) {
    if (!name.endsWith('.js')) continue
    const file = join(out, name)
    writeFileSync(file, transformSync(shortly(readFileSync(file, 'utf8')), rules).code)
  }
}

/**
 * Declarations that no entry leads to are of no use to anybody; and what an entry does not show itself is there for the
 * compiler, which reads no comments.
 */
function trimDeclarations() {
  const importedBy = (file) =>
    [...readFileSync(file, 'utf8').matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map(
      ([, specifier]) => `${resolve(dirname(file), specifier)}.d.ts`,
    )
  const shown = new Set(entries.map((entry) => join(out, `${entry}.d.ts`)))
  for (const { types, default: code } of Object.values(subpaths)) {
    if (types && !code) shown.add(join(out, types.replace('./dist/', '')))
  }
  for (const file of [...shown]) for (const imported of importedBy(file)) shown.add(imported)
  const reached = new Set(shown)
  for (const file of reached) for (const imported of importedBy(file)) reached.add(imported)
  for (const name of readdirSync(out, { recursive: true })) {
    const file = join(out, name)
    if (!file.endsWith('.d.ts')) continue
    if (!reached.has(file)) {
      rmSync(file)
      continue
    }
    const text = readFileSync(file, 'utf8')
    const read = shown.has(file) ? text : text.replace(/^ *\/\*\*[\s\S]*?\*\/\n/gm, '')
    writeFileSync(
      file,
      read.replace(/^(?: {4})+/gm, (spaces) => '\t'.repeat(spaces.length / 4)),
    )
  }
}

async function main() {
  rmSync(out, { recursive: true, force: true })
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const declarations = ['-p', join(root, 'lib'), '--emitDeclarationOnly', '--outDir', out]
  execFileSync(process.execPath, [tsc, ...declarations], { stdio: 'inherit', cwd: root })
  await bundle()
  tighten()
  trimDeclarations()
  if (process.stdout.isTTY) console.log(`built ${relative(root, out) || out}`)
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
