import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram } from './binaries'
import { ChildServer, temporaryFolder } from './child-server'
import { freePort, isListening } from './ports'

export interface NginxServer extends ChildServer {
  /** Those of the servers, in their order. */
  readonly ports: readonly number[]
}

/** An nginx of our own. @param servers what stands in each `server` block beside `listen`; the certificate is localhost's */
export async function startNginx(servers: readonly { tls: boolean; lines: string }[]): Promise<NginxServer> {
  const folder = temporaryFolder('nginx')
  const ports: number[] = []
  for (const _ of servers) ports.push(await freePort())
  const certificates = join(__dirname, '../tls')
  const blocks = servers.map(({ tls, lines }, i) => {
    return `server { listen 127.0.0.1:${ports[i]}${tls ? ' ssl' : ''}; ${lines} }`
  })
  const file = join(folder, 'nginx.conf')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  )
  writeFileSync(
    file,
    `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/errors;
    events {}
    http {
      access_log off; ${temporary.join(' ')}
      proxy_cache_path ${folder}/cache keys_zone=pages:1m;
      ssl_certificate ${certificates}/cert.pem; ssl_certificate_key ${certificates}/key.pem;
      ${blocks.join('\n')}
    }`,
  )
  const server = new ChildServer({
    name: 'nginx',
    file: findProgram('nginx') ?? 'nginx',
    args: ['-c', file, '-p', folder, '-e', join(folder, 'errors')],
    folder,
    endSignal: 'SIGTERM',
    isReady: () => isListening({ host: '127.0.0.1', port: ports[0] as number }),
  })
  await server.start()
  return Object.assign(server, { ports })
}
