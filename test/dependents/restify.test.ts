import { page } from './support/pages'
import { withBoth } from './support/sides'
import { failedSaves, type Host, visits } from './support/visits'

withBoth('restify', (side) => {
  const host: Host = (sessions) => {
    const server = side.load('restify').createServer({ name: 'pages' })
    server.use(sessions)
    server.get('/*', async (req: any, res: any) => {
      res.header('content-type', 'text/plain')
      res.send(await page(req))
    })
    return (req, res) => server.server.emit('request', req, res)
  }
  visits(side, host, {
    unsaved: 'answers arrive before the save where headers are given to writeHead()',
  })
  failedSaves(side, host)
})
