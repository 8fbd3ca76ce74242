export interface ServerCounts {
  connections: number
  received: number
  rejected: number
  commands: number
}

export interface ServerState {
  readonly counts: Readonly<ServerCounts>
  readonly maxConnections: number
  readonly port: number
  readonly uptimeMs: number
}

export type InfoSection = readonly [name: string, lines: readonly string[]]

/** Beside this file in the source tree and in the build alike. */
export const PACKAGE_VERSION: string = require('../../../package.json').version

/** The Redis whose commands and wording are kept; clients choose what they may send by it. */
const REDIS_VERSION = '7.0.0'

/** The lines of `INFO` that clients and operators look at. */
export function serverInfo({ counts, maxConnections, port, uptimeMs }: ServerState): readonly InfoSection[] {
  const uptimeSeconds = Math.floor(uptimeMs / 1000)
  return [
    [
      'Server',
      [
        `redis_version:${REDIS_VERSION}`,
        'redis_mode:standalone',
        'server_name:sojourn',
        `sojourn_version:${PACKAGE_VERSION}`,
        `process_id:${process.pid}`,
        `tcp_port:${port}`,
        `uptime_in_seconds:${uptimeSeconds}`,
        `uptime_in_days:${Math.floor(uptimeSeconds / 86_400)}`,
      ],
    ],
    ['Clients', [`connected_clients:${counts.connections}`, `maxclients:${maxConnections}`]],
    ['Memory', [`used_memory:${process.memoryUsage.rss()}`]],
    ['Persistence', ['loading:0']],
    [
      'Stats',
      [
        `total_connections_received:${counts.received}`,
        `total_commands_processed:${counts.commands}`,
        `rejected_connections:${counts.rejected}`,
      ],
    ],
    ['Replication', ['role:master', 'connected_slaves:0']],
    ['Cluster', ['cluster_enabled:0']],
  ]
}
