import { page } from './support/pages'
import { withBoth } from './support/sides'
import { failedSaves, type Host, visits } from './support/visits'

for (const bridge of ['@fastify/middie', '@fastify/express']) {
  withBoth(`Fastify through ${bridge}`, (side) => {
    const host: Host = async (sessions, t) => {
      const app = side.load('fastify')()
      app.setErrorHandler((_error: unknown, _request: any, reply: any) => reply.code(500).send('sorry'))
      await app.register(side.load(bridge))
      app.use(sessions)
      app.get('/*', async (req: any) => page(req.raw, req.url))
      t.after(() => app.close())
      await app.ready()
      return (req, res) => app.routing(req, res)
    }
    visits(side, host)
    failedSaves(side, host)
  })
}
