import { accessSync, constants, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** @returns the full path of a program, from PATH or from the folders of Debian's PostgreSQL, newest first */
export function findProgram(name: string): string | undefined {
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...postgresFolders(),
    '/usr/local/sbin',
    '/usr/sbin',
  ]
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable)
}

/** For the `skip` option of a suite: `false`, or the reason to skip it. @throws in CI, where nothing may be skipped */
export function withoutRedis(): string | false {
  return without('redis-server', ['redis-server'])
}

/** As `withoutRedis`, for PostgreSQL. */
export function withoutPostgres(): string | false {
  return without('postgresql', ['postgres', 'initdb'])
}

/** As `withoutRedis`, for MariaDB. */
export function withoutMariadb(): string | false {
  return without('mariadb-server', ['mariadbd', 'mariadb-install-db', 'mariadb'])
}

/** As `withoutRedis`, for memcached. */
export function withoutMemcached(): string | false {
  return without('memcached', ['memcached'])
}

/** As `withoutRedis`, for nginx. */
export function withoutNginx(): string | false {
  return without('nginx', ['nginx'])
}

function without(debianPackage: string, programs: string[]): string | false {
  const missing = programs.filter((name) => findProgram(name) === undefined)
  if (missing.length === 0) return false
  const reason = `${missing.join(' and ')} not found in PATH: install Debian's ${debianPackage} to run this suite`
  if (process.env['CI']) throw new Error(`no suite may be skipped in CI: ${reason}`)
  return reason
}

function postgresFolders(): string[] {
  const root = '/usr/lib/postgresql'
  try {
    return readdirSync(root)
      .sort((a, b) => Number(b) - Number(a))
      .map((version) => join(root, version, 'bin'))
  } catch {
    return []
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
