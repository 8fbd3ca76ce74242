/** "Log out my other devices", by a real browser: each of its contexts is a device with cookies of its own. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { type Browser, chromium, type Page } from 'playwright-core'
import { type Owner, serve } from '../support/app'

const makeApp = require('../../examples/my-devices')
const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
const QUIET = ['gpu', 'quic', 'background-networking', 'component-update', 'sync'].map(
  (name) => `--disable-${name}`,
)

/** `false`: can run. In CI a missing browser is a failure. */
function withoutChromium(): string | false {
  if (existsSync(CHROMIUM) || process.env['CI']) return false
  return `there is no ${CHROMIUM}: install Debian's chromium, or name another one in CHROMIUM`
}

describe('my-devices in a browser', { skip: withoutChromium() }, () => {
  let browser: Browser
  before(async () => {
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ['--no-sandbox', '--no-first-run', ...QUIET],
    })
  })
  after(() => browser?.close())

  /** A device on which somebody has logged in. */
  async function device(owner: Owner, origin: string, user = 'ann'): Promise<Page> {
    const context = await browser.newContext()
    owner.after(() => context.close())
    const page = await context.newPage()
    await page.goto(origin)
    await page.getByLabel('name').fill(user)
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.waitForSelector(`text=Devices of ${user}`)
    return page
  }

  const devicesOn = async (page: Page) => {
    await page.reload()
    return page.locator('li').count()
  }
  const isOut = async (page: Page) => {
    await page.reload()
    return page.getByRole('button', { name: 'Log in' }).isVisible()
  }

  test('a user ends his other sessions and stays logged in himself; other users are left alone', async (t) => {
    const { origin } = await serve(t, makeApp())
    const [desk, phone, tablet] = [await device(t, origin), await device(t, origin), await device(t, origin)]
    const bob = await device(t, origin, 'bob')
    assert.equal(await devicesOn(desk), 3)
    assert.equal(await desk.getByText('this device').count(), 1)
    if (process.env['SCREENSHOT']) await desk.screenshot({ path: process.env['SCREENSHOT'] })
    await desk.getByRole('button', { name: 'Log out my other devices' }).click()
    await desk.waitForLoadState()
    assert.equal(await devicesOn(desk), 1)
    assert.ok(await isOut(phone))
    assert.ok(await isOut(tablet))
    assert.equal(await devicesOn(bob), 1)
  })

  test('a user ends one other session, and then his own', async (t) => {
    const { origin } = await serve(t, makeApp())
    const [desk, phone, tablet] = [await device(t, origin), await device(t, origin), await device(t, origin)]
    await desk.reload()
    const own = await tablet
      .locator('form[action="/end"] button')
      .evaluateAll((all) => all.map((button) => button.getAttribute('value')))
    // What the tablet does not list as an other one, and the desk does: the tablet itself.
    const buttons = desk.locator('form[action="/end"] button')
    const values = await buttons.evaluateAll((all) => all.map((button) => button.getAttribute('value')))
    await buttons.nth(values.findIndex((value) => !own.includes(value))).click()
    await desk.waitForLoadState()
    assert.ok(await isOut(tablet))
    assert.equal(await devicesOn(phone), 2)
    await desk.getByRole('button', { name: 'Log out', exact: true }).click()
    await desk.waitForLoadState()
    assert.ok(await isOut(desk))
    assert.deepEqual(await desk.context().cookies(), [])
    assert.equal(await devicesOn(phone), 1)
  })

  test('the page shows neither ids nor keys', async (t) => {
    const { origin } = await serve(t, makeApp())
    const desk = await device(t, origin)
    await device(t, origin)
    const html = await desk.content()
    for (const context of browser.contexts()) {
      for (const { value } of await context.cookies()) {
        const id = decodeURIComponent(value).slice(2).split('.')[0] ?? ''
        assert.equal(id.length, 32)
        assert.ok(!html.includes(id))
      }
    }
  })

  test('a form on another site cannot end sessions in his name', async (t) => {
    const { origin } = await serve(t, makeApp())
    const [desk, phone] = [await device(t, origin), await device(t, origin)]
    // Another host, so another site: `localhost` and `127.0.0.1`.
    const evil = await serve(t, (_req, res) => {
      res.setHeader('Content-Type', 'text/html')
      res.end(`<form method="post" action="${origin}/end-others"><button>Win a prize</button></form>`)
    })
    const other = await desk.context().newPage()
    await other.goto(evil.origin.replace('127.0.0.1', 'localhost'))
    await other.getByRole('button').click()
    await other.waitForURL(`${origin}/**`)
    assert.equal(await isOut(phone), false)
    assert.equal(await devicesOn(desk), 2)
  })

  test('a name that is a piece of HTML is shown as text', async (t) => {
    const { origin } = await serve(t, makeApp())
    const page = await device(t, origin, '<b id=x>ann')
    assert.equal(await page.locator('#x').count(), 0)
  })
})
