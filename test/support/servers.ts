/**
 * Real, private servers for tests. Share one per test file:
 *
 *     describe('sessions in Redis', { skip: withoutRedis() }, () => {
 *       let redis: RedisServer
 *       before(async () => { redis = await startRedis() })
 *       after(() => redis.stop())
 *     })
 *
 * Each has an own temporary folder, a free loopback port and a unix socket, and is ended only through the handle
 * of the child process that was started. Should the test process be killed, `guardian` ends what it left behind.
 */
export {
  withoutMariadb,
  withoutMemcached,
  withoutNginx,
  withoutPostgres,
  withoutRedis,
} from './servers/binaries'
export type { ChildServer } from './servers/child-server'
export { type MariadbServer, startMariadb } from './servers/mariadb'
export { type MemcachedServer, startMemcached } from './servers/memcached'
export { type NginxServer, startNginx } from './servers/nginx'
export { freePort } from './servers/ports'
export { type PostgresOptions, type PostgresServer, startPostgres } from './servers/postgres'
export { type RedisOptions, type RedisServer, startRedis } from './servers/redis'
export { type RedisCluster, type RedisClusterOptions, startRedisCluster } from './servers/redis-cluster'
export { type RespReply, respCommand } from './servers/resp'
