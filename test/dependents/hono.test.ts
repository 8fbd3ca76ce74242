import { page } from './support/pages'
import { withBoth } from './support/sides'
import { failedSaves, type Host, visits } from './support/visits'

withBoth('Hono on its Node server', (side) => {
  const host: Host = (sessions) => {
    const { Hono } = side.load('hono')
    const { getRequestListener } = side.load('@hono/node-server')
    const app = new Hono()
    app.use(async (c: any, next: any) => {
      const { incoming, outgoing } = c.env
      await new Promise<void>((resolve, reject) =>
        sessions(incoming, outgoing, (error: unknown) => (error ? reject(error) : resolve())),
      )
      await next()
    })
    app.get('*', async (c: any) => c.text(await page(c.env.incoming)))
    app.onError((_error: unknown, c: any) => c.text('sorry', 500))
    return getRequestListener(app.fetch)
  }
  visits(side, host, {
    unsaved: 'answers arrive before the save where headers are given to writeHead()',
  })
  failedSaves(side, host)
})
