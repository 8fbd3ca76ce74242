import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { consumer, type Packed, ROOT, run, tsc } from './packed'

const SOURCES = join(ROOT, 'test/types/consumer')
/** For applications that have `Express.SessionStore`: from us as express-session, or from its own types. */
const NAMED_STORE = 'named-store.ts'

export interface TypeCase {
  /** What the package is installed as. */
  name: 'sojourn' | 'express-session'
  /** Packages to copy from another folder's `node_modules`, beside those of `@types` that Express needs. */
  beside?: { from: string; packages: string[] }
}

/** An application in TypeScript. Types are copied: through links they would see what lies around here. */
export function typedConsumer(packed: Packed, folder: string, { name, beside }: TypeCase): string {
  mkdirSync(folder)
  consumer(packed, folder, name)
  const copy = (from: string, dependency: string) =>
    cpSync(join(from, dependency), join(folder, 'node_modules', dependency), {
      recursive: true,
      dereference: true,
    })
  const ours = join(ROOT, 'node_modules')
  for (const dependency of EXPRESS_TYPES) copy(ours, dependency)
  for (const dependency of beside?.packages ?? []) copy(beside?.from ?? '', dependency)
  const named = name === 'express-session' || beside !== undefined
  for (const file of readdirSync(SOURCES)) {
    if (file === NAMED_STORE && !named) continue
    const text = readFileSync(join(SOURCES, file), 'utf8')
    writeFileSync(join(folder, file), text.replaceAll("'sojourn", `'${name}`))
  }
  return folder
}

const EXPRESS_TYPES = [
  ...['body-parser', 'connect', 'express', 'express-serve-static-core', 'http-errors', 'node', 'qs'],
  ...['range-parser', 'send', 'serve-static'],
].map((name) => `@types/${name}`)
EXPRESS_TYPES.push('undici-types')

/** `node10` is what `module: commonjs` meant before TypeScript 6. */
export type Resolution = 'node16' | 'nodenext' | 'bundler' | 'node10'

export interface CompilerSettings {
  resolution: Resolution
  /** Path of a `tsc`; default: ours. */
  compiler?: string
  /** Look into `.d.ts` files too. Default `true`. */
  libCheck?: boolean
}

const MODULE: Partial<Record<Resolution, string>> = { bundler: 'esnext', node10: 'commonjs' }

/** A bundler's project has no `import = require`, an older one no `.mts`. */
const FILES: Record<Resolution, RegExp> = {
  node16: /\.[cm]?ts$/,
  nodenext: /\.[cm]?ts$/,
  bundler: /\.m?ts$/,
  node10: /\.ts$/,
}

/** @throws Error with what the compiler says against it */
export function compile(folder: string, settings: CompilerSettings): void {
  const { resolution, compiler = tsc(), libCheck = true } = settings
  const files = readdirSync(folder).filter((file) => FILES[resolution].test(file))
  run(folder, process.execPath, [
    compiler,
    ...['--noEmit', '--strict', '--esModuleInterop', '--target', 'es2022', '--types', 'node'],
    ...['--module', MODULE[resolution] ?? resolution, '--moduleResolution', resolution],
    ...['--skipLibCheck', String(!libCheck)],
    ...files,
  ])
}
