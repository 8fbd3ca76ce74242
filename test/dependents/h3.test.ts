import { page } from './support/pages'
import { withBoth } from './support/sides'
import { failedSaves, type Host, visits } from './support/visits'

withBoth('h3', (side) => {
  const host: Host = (sessions) => {
    const { createApp, eventHandler, fromNodeMiddleware, toNodeListener } = side.load('h3')
    const app = createApp()
    app.use(fromNodeMiddleware(sessions))
    app.use(eventHandler((event: any) => page(event.node.req)))
    return toNodeListener(app)
  }
  visits(side, host)
  failedSaves(side, host)
})
