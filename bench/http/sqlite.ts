import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** better-sqlite3 has to be compiled, so that it is no dependency: it gets a folder of its own when it is measured. */
const FOLDER = join(tmpdir(), 'sojourn-bench-sqlite')
const PACKAGES = ['better-sqlite3@12', 'better-sqlite3-session-store@0.1']

/** @returns why it cannot be measured here, or `undefined` when it can */
export function installSqlite(): string | undefined {
  try {
    if (!existsSync(FOLDER)) {
      console.log(`installing ${PACKAGES.join(' and ')}, which takes a compiler and a minute`)
      mkdirSync(FOLDER)
      writeFileSync(join(FOLDER, 'package.json'), '{ "private": true }\n')
      execFileSync('npm', ['install', '--ignore-scripts=false', '--no-audit', '--no-fund', ...PACKAGES], {
        cwd: FOLDER,
        stdio: 'ignore',
      })
    }
    sqliteFrom(':memory:').close()
    return undefined
  } catch (error) {
    return String(error).split('\n', 1)[0]
  }
}

/** A database as its manual makes one for a server: with a write-ahead log. */
function sqliteFrom(path: string): { pragma(text: string): unknown; close(): void } {
  const Database = createRequire(join(FOLDER, 'x.js'))('better-sqlite3')
  const database = new Database(path)
  database.pragma('journal_mode = WAL')
  return database
}

export function sqliteStore(session: unknown, path: string): unknown {
  const Store = createRequire(join(FOLDER, 'x.js'))('better-sqlite3-session-store')(session)
  return new Store({ client: sqliteFrom(path), expired: { clear: false } })
}
