/** A server under measurement: `server.ts KIND WORK BYTES`. Tells its port, and its CPU time when asked. */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import connect from 'connect'
import { type Kind, middlewareOf } from './kinds'
import type { Work } from './works'

const [kind, work, bytes] = process.argv.slice(2) as [Kind, Work, string]
const filler = 'x'.repeat(Math.max(0, Number(bytes) - 20))
const app = connect()
let served = 0

async function main(): Promise<void> {
  const middleware = await middlewareOf(kind)
  if (middleware) app.use(middleware)
  if (kind.startsWith('engine')) {
    engineHandlers()
    return listen()
  }
  app.use('/login', (req: any, res) => {
    if (req.session) Object.assign(req.session, fill(filler))
    res.end('in')
  })
  app.use((req: any, res: http.ServerResponse) => {
    served++
    if (work === 'unchanged') void req.session?.n
    else if (work === 'changed' && req.session) req.session.n = (req.session.n | 0) + 1
    else if (work === 'new visitor' && req.session) req.session.n = 1
    res.end('ok')
  })
  listen()
}

/** The same work with the methods of an engine's session. */
function engineHandlers(): void {
  app.use('/login', async (req: any, res: http.ServerResponse) => {
    await req.session.start()
    req.session.set(fill(filler))
    res.end('in')
  })
  app.use(async (req: any, res: http.ServerResponse) => {
    served++
    const { session } = req
    await session.start()
    if (work === 'unchanged') session.get('n')
    else if (work === 'changed') session.set('n', ((session.get('n') as number) | 0) + 1)
    res.end('ok')
  })
}

function listen(): void {
  const server = http.createServer(app)
  server.keepAliveTimeout = 60_000
  server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
}

/** Data as applications have them: some keys with strings, not one long one. */
function fill(text: string): Record<string, string> {
  const data: Record<string, string> = {}
  for (let i = 0; i * 100 < text.length; i++) data[`key${i}`] = text.slice(i * 100, (i + 1) * 100)
  return data
}

process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.({ served, cpuUs: user + system })
})
process.on('disconnect', () => process.exit())
main()
