import { page } from './support/pages'
import { withBoth } from './support/sides'
import { failedSaves, type Host, visits } from './support/visits'

withBoth('polka', (side) => {
  const host: Host = (sessions) => {
    const app = side.load('polka')({
      onError: (_error: unknown, _req: any, res: any) => {
        res.statusCode = 500
        res.end('sorry')
      },
    })
    app.use(sessions)
    app.get('*', async (req: any, res: any) => res.end(await page(req)))
    return app.handler
  }
  visits(side, host)
  failedSaves(side, host)
})
