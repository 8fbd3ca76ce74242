/** An application without a framework: what each page does with a session, and the text it shows. */
const PAGES: Record<string, (req: any) => string | Promise<string>> = {
  '/count': (req) => {
    req.session.views = (req.session.views ?? 0) + 1
    return String(req.session.views)
  },
  '/who': (req) => req.session?.user ?? 'a stranger',
  '/login': async (req) => {
    await asked((done) => req.session.regenerate(done))
    req.session.user = 'ann'
    return 'hello'
  },
  '/logout': async (req) => {
    await asked((done) => req.session.destroy(done))
    return 'bye'
  },
}

export const PATHS = Object.keys(PAGES)

/** @returns the text of the page for a request that has a session */
export async function page(req: any, path: string = req.originalUrl ?? req.url): Promise<string> {
  const make = PAGES[path]
  return make ? make(req) : 'no such page'
}

/** A method with a callback, awaited: express-session's return no promise. */
export function asked(call: (done: (error?: unknown) => void) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    call((error) => (error ? reject(error) : resolve()))
  })
}
