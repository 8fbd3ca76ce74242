/** A server of the browser's drill, as a process of its own: `fork(this, [path of the LMDB file, port, lifetime])`. */
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { LmdbStore } from '../../lib/store/lmdb'
import { appOf, type Handler, tls } from './app'
import { BOUND_HANDLERS, REFRESH } from './bound-app'
import { sojourn } from './kits'
import { BASE_OPTIONS } from './session-app'

const [path = '', port = '0', lifetime = ''] = process.argv.slice(2)
const sessions = sojourn.session({
  ...BASE_OPTIONS,
  secret: 'a secret that outlives its process',
  store: new LmdbStore({ path }),
  deviceBound: { lifetime: Number(lifetime) },
})
for (const name of ['bound', 'refused', 'skipped'])
  sessions.events.on(name, ({ because }: { because: string }) => process.send?.({ told: because }))

/** Tells of what the browser asks by itself, and how it was answered. */
const tellRefresh: Handler = (req, res, next) => {
  if (req.url === REFRESH) res.on('finish', () => process.send?.({ told: `refresh ${res.statusCode}` }))
  next()
}

const server = https.createServer(tls(), appOf('express 5', [tellRefresh, sessions, BOUND_HANDLERS]))
server.listen(Number(port), '127.0.0.1', () =>
  process.send?.({ port: (server.address() as AddressInfo).port }),
)
process.on('disconnect', () => process.exit())
