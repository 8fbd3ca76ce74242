import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { findProgram } from './binaries'
import { ChildServer, temporaryFolder } from './child-server'
import { isListening } from './ports'

export interface MariadbServer extends ChildServer {
  /** The only way in: it listens on no port. The user `root` has no password. */
  readonly socketPath: string
}

/** A MariaDB of our own, with an empty database `sessions`. */
export async function startMariadb(): Promise<MariadbServer> {
  const folder = temporaryFolder('mariadb')
  const socketPath = join(folder, 'mariadb.sock')
  const asRoot = process.getuid?.() === 0 ? ['--user=root'] : []
  const data = ['--no-defaults', `--datadir=${join(folder, 'data')}`, ...asRoot]
  const install = findProgram('mariadb-install-db') ?? 'mariadb-install-db'
  const words = [...data, '--auth-root-authentication-method=normal', '--skip-test-db']
  execFileSync(install, words, { cwd: folder, stdio: 'pipe' })
  const server = new ChildServer({
    name: 'mariadb',
    file: findProgram('mariadbd') ?? 'mariadbd',
    args: [...data, `--socket=${socketPath}`, '--skip-networking', '--innodb-buffer-pool-size=16M'],
    folder,
    endSignal: 'SIGTERM',
    isReady: () => isListening({ path: socketPath }),
  })
  await server.start()
  const client = findProgram('mariadb') ?? 'mariadb'
  execFileSync(client, ['--no-defaults', '-uroot', `-S${socketPath}`, '-e', 'create database sessions'])
  return Object.assign(server, { socketPath })
}
