/** Run with NODE_DEBUG=sojourn by talk.test.ts: does all that the package has words for, and prints the ids. */
import * as sojourn from '../../lib/index'
import { FailingStore } from '../response/support/apps'
import { OPTIONS } from '../response/support/modes'

const ids = new Set<string>()

async function visit(
  store: unknown,
  cookie: string | undefined,
  work: (req: any) => unknown,
): Promise<string | undefined> {
  const req: any = { url: '/', headers: cookie ? { cookie } : {} }
  const headers: Record<string, any> = {}
  const res: any = {
    getHeader: (name: string) => headers[name.toLowerCase()],
    setHeader(name: string, value: unknown) {
      headers[name.toLowerCase()] = value
    },
    end: () => done(),
  }
  let done = () => {}
  const ended = new Promise<void>((resolve) => {
    done = resolve
  })
  const middleware = sojourn.session({ ...OPTIONS, store, cookie: { maxAge: 60_000 } } as never)
  await new Promise<void>((resolve) => {
    let called = 0
    middleware(req, res, (error) => {
      if (called++ > 0 || error) {
        console.error(String(error), error?.stack, JSON.stringify(error))
        done()
      }
      resolve()
    })
  })
  if (req.sessionID) ids.add(req.sessionID)
  try {
    await work(req)
  } catch (error) {
    console.error(String(error), (error as Error).stack)
  }
  if (req.sessionID) ids.add(req.sessionID)
  res.end()
  await ended
  return [headers['set-cookie'] ?? cookie].flat().at(-1)?.split(';', 1)[0]
}

async function main(): Promise<void> {
  const failing = new FailingStore()
  for (const store of [new sojourn.MemoryStore(), failing]) {
    const change = (req: any) => {
      req.session.n = (req.session.n ?? 0) + 1
    }
    const cookie = await visit(store, undefined, change)
    await visit(store, cookie, change)
    await visit(store, cookie, () => {})
    await visit(store, `${cookie}x`, change)
    await visit(store, cookie, (req) => sojourn.update(req, change))
    await visit(store, cookie, (req) => {
      req.session.big = 1n
    })
    const renewed = await visit(store, cookie, (req) => req.session.renewId())
    await visit(store, cookie, change)
    await visit(store, renewed, (req) => req.session.regenerate())
    const again = await visit(store, undefined, change)
    await visit(store, again, async (req) => {
      change(req)
      await visit(store, again, (other) => other.session.destroy())
      await req.session.save()
    })
    failing.failing.add('set')
  }
  failing.failing.add('get').add('destroy').add('touch')
  const { rows } = failing
  const [id] = rows.keys()
  await visit(failing, id, () => {})
  process.stdout.write(JSON.stringify([...ids]))
}

main()
