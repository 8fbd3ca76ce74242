'use strict'
// `npm run build [-- FOLDER]`: what gets published. Each entry of package.json becomes one file with what only it needs,
// and all share one chunk, so that there is one Store and a cold process reads few files. Names, lines and the
// declarations stay: stack traces and editors show them.
const { execFileSync } = require('node:child_process')
const { readdirSync, readFileSync, rmSync } = require('node:fs')
const { dirname, join, relative, resolve } = require('node:path')

const root = join(__dirname, '..')
const out = resolve(process.argv[2] ?? join(root, 'dist'))
const { bin, exports: subpaths } = require('../package.json')

const built = [...Object.values(subpaths).map((subpath) => subpath.default), ...Object.values(bin)]
const entries = built.filter(Boolean).map((path) => path.replace('./dist/', '').replace(/\.js$/, ''))

/** What `session()` needs, and every other entry too. */
const SHARED =
  /\/lib\/(base|cookie|record|session|response|keeper|exchange|middleware|backend\/memory|backend\/[^/]+\.ts|store\/(?!lmdb|redis|postgres))/

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
    minify: { compress: true, mangle: false, codegen: false },
    chunkFileNames: 'shared/[name].js',
    codeSplitting: { groups: [{ name: 'core', test: SHARED }] },
  })
}

/** Declarations that no entry leads to are of no use to anybody. */
function dropUnreached() {
  const reached = new Set()
  const visit = (file) => {
    if (reached.has(file)) return
    reached.add(file)
    const imported = readFileSync(file, 'utf8').matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)
    for (const [, specifier] of imported) visit(`${resolve(dirname(file), specifier)}.d.ts`)
  }
  for (const entry of entries) visit(join(out, `${entry}.d.ts`))
  const all = readdirSync(out, { recursive: true }).map((name) => join(out, name))
  for (const file of all) if (file.endsWith('.d.ts') && !reached.has(file)) rmSync(file)
}

async function main() {
  rmSync(out, { recursive: true, force: true })
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const declarations = ['-p', join(root, 'lib'), '--emitDeclarationOnly', '--outDir', out]
  execFileSync(process.execPath, [tsc, ...declarations], { stdio: 'inherit', cwd: root })
  await bundle()
  dropUnreached()
  if (process.stdout.isTTY) console.log(`built ${relative(root, out) || out}`)
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
