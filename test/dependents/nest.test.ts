import { page } from './support/pages'
import { withBoth } from './support/sides'
import { failedSaves, type Host, visits } from './support/visits'

withBoth('NestJS', (side) => {
  const host: Host = async (sessions, t) => {
    side.load('reflect-metadata')
    const { Controller, Get, Module, Req } = side.load('@nestjs/common')
    const { NestFactory } = side.load('@nestjs/core')

    class Pages {
      show(req: unknown): Promise<string> {
        return page(req)
      }
    }
    class Site {}
    // Decorators by hand: the compiler of these tests has those of the standard.
    const show = Object.getOwnPropertyDescriptor(Pages.prototype, 'show')
    Get('*path')(Pages.prototype, 'show', show)
    Req()(Pages.prototype, 'show', 0)
    Controller()(Pages)
    Module({ controllers: [Pages] })(Site)

    const app = await NestFactory.create(Site, { logger: false })
    app.use(sessions)
    await app.init()
    t.after(() => app.close())
    return app.getHttpAdapter().getInstance()
  }
  visits(side, host)
  failedSaves(side, host)
})
