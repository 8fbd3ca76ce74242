import { page } from './support/pages'
import { withBoth } from './support/sides'
import { failedSaves, type Host, visits } from './support/visits'

withBoth('Koa through koa-connect', (side) => {
  const host: Host = (sessions) => {
    const Koa = side.load('koa')
    const app = new Koa()
    app.silent = true
    app.use(side.load('koa-connect')(sessions))
    app.use(async (ctx: any) => {
      ctx.body = await page(ctx.req)
    })
    return app.callback()
  }
  visits(side, host)
  failedSaves(side, host)
})
