import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findProgram, withoutPostgres } from './binaries'
import { ChildServer, type Owner, temporaryFolder } from './child-server'
import { forget, watch } from './guardian'
import { freePort } from './ports'

const run = promisify(execFile)

export interface PostgresOptions {
  /** Wait for the disk at each commit. Default `false`: a killed server loses nothing by that, only a killed machine. */
  fsync?: boolean
  /** Further settings: `{ statement_timeout: '1s' }`. */
  settings?: Record<string, string>
}

export class PostgresServer extends ChildServer {
  readonly host = '127.0.0.1'
  readonly user = 'postgres'
  readonly database = 'postgres'

  constructor(
    file: string,
    folder: string,
    readonly port: number,
    owner: Owner | undefined,
    args: string[],
  ) {
    const isReady = async (pid: number) => saysReady(join(folder, 'data', 'postmaster.pid'), pid)
    // SIGINT is PostgreSQL's "fast" shutdown: it does not wait for clients to leave.
    super({ name: 'postgres', file, args, folder, owner, endSignal: 'SIGINT', isReady })
  }

  get url(): string {
    return `postgres://${this.user}@${this.host}:${this.port}/${this.database}`
  }

  /** The folder of the unix socket, which `pg` takes as `host`. */
  get socket(): string {
    return this.folder
  }
}

/** A PostgreSQL of our own with one superuser, `postgres`, who needs no password. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const postgres = findProgram('postgres')
  const initdb = findProgram('initdb')
  if (postgres === undefined || initdb === undefined) throw new Error(String(withoutPostgres()))
  const owner = unprivilegedUser()
  const folder = temporaryFolder('postgres', owner)
  const data = join(folder, 'data')
  const layout = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']
  const init = run(initdb, layout, { cwd: folder, ...owner })
  const { pid } = init.child
  if (pid !== undefined) watch(pid)
  await init
  if (pid !== undefined) forget(pid)
  let failure: unknown
  for (let attempt = 0; attempt < 3; attempt++) {
    const port = await freePort()
    const server = new PostgresServer(postgres, folder, port, owner, words(options, data, folder, port))
    try {
      await server.start()
      return server
    } catch (error) {
      failure = error
      if (!server.log().includes('Address already in use')) break
    }
  }
  throw failure
}

function words(options: PostgresOptions, data: string, folder: string, port: number): string[] {
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: `${port}`,
    unix_socket_directories: folder,
    fsync: options.fsync ? 'on' : 'off',
    shared_buffers: '16MB',
    ...options.settings,
  }
  return ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
}

/** PostgreSQL writes its process number on the first line of this file and `ready` on the eighth. */
function saysReady(file: string, pid: number): boolean {
  try {
    const lines = readFileSync(file, 'utf8').split('\n')
    return Number(lines[0]) === pid && lines[7]?.trim() === 'ready'
  } catch {
    return false
  }
}

/** PostgreSQL refuses to run as root. @returns whom to run it as instead, `undefined` for ourselves */
function unprivilegedUser(): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  for (const name of ['postgres', 'nobody']) {
    const [, , uid, gid] = users.find(([user]) => user === name) ?? []
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) }
  }
  throw new Error('PostgreSQL does not run as root, and there is neither a user postgres nor nobody')
}
