/** A server under measurement: `server.ts KIND WORK SIZE`. Tells its port, and what it has used when asked. */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { PerformanceObserver } from 'node:perf_hooks'
import connect from 'connect'
import { countCalls, storeCalls } from './count-calls'
import { type Size, sessionData } from './data'
import { type Kind, middlewareOf } from './kinds'
import { handlerOf, type Work } from './works'

const [kind, work, size] = process.argv.slice(2) as [Kind, Work, Size]
const app = connect()
let served = 0
let collections = 0

async function main(): Promise<void> {
  const middleware = await middlewareOf(kind)
  if (middleware) app.use(middleware)
  if (kind.startsWith('engine')) {
    engineHandlers()
    return listen()
  }
  app.use('/login', (req: any, res) => {
    if (req.session) Object.assign(req.session, sessionData(size))
    if (work === 'own key') countCalls(req.sessionStore)
    res.end('in')
  })
  app.use('/keys', (req: any, res) => {
    res.end(JSON.stringify(req.session))
  })
  const handle = handlerOf(work, size)
  app.use((req: any, res: http.ServerResponse) => {
    served++
    handle(req.session, () => res.end('ok'))
  })
  listen()
}

/** The same work with the methods of an engine's session. */
function engineHandlers(): void {
  app.use('/login', async (req: any, res: http.ServerResponse) => {
    await req.session.start()
    req.session.set(sessionData(size))
    res.end('in')
  })
  app.use(async (req: any, res: http.ServerResponse) => {
    served++
    const { session } = req
    await session.start()
    if (work === 'unchanged') session.get('state')
    else if (work === 'number') session.set('n', ((session.get('n') as number) | 0) + 1)
    res.end('ok')
  })
}

function listen(): void {
  const server = http.createServer(app)
  server.keepAliveTimeout = 60_000
  server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
}

// A heap difference is what was allocated as long as nothing was collected in between.
new PerformanceObserver((list) => {
  collections += list.getEntries().length
}).observe({ entryTypes: ['gc'] })

process.on('message', (asked) => {
  if (asked === 'collect') globalThis.gc?.()
  // The observer hears of a collection in a later turn.
  setTimeout(tell, asked === 'collect' ? 50 : 0)
})

function tell(): void {
  const { user, system } = process.cpuUsage()
  const { heapUsed } = process.memoryUsage()
  process.send?.({ served, cpuUs: user + system, heapUsed, collections, ...storeCalls })
}
process.on('disconnect', () => process.exit())
main()
