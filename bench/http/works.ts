import type { Size } from './data'
import { sessionData } from './data'

/** What the handler does with the session. */
export const WORKS = ['not touched', 'unchanged', 'number', 'nested', 'new visitor', 'login'] as const
/** Each request sets a key of its own, whose name and number its query has; one without a query counts. */
export type Work = (typeof WORKS)[number] | 'own key'

/** Works whose requests bring no cookie. */
export const isNewcomers = (work: string): boolean => work === 'new visitor' || work === 'login'

type Done = () => void
export type Handler = (session: any, done: Done) => void

/** A handler on `req.session`, which is `undefined` on bare Connect. */
export function handlerOf(work: Work, size: Size): Handler {
  const data = sessionData(size)
  const fill = (session: object): void => {
    Object.assign(session, data)
  }
  switch (work) {
    case 'not touched':
      return (_session, done) => done()
    case 'unchanged':
      return (session, done) => {
        if (session) sink = session.state.page.last
        done()
      }
    case 'number':
      return (session, done) => {
        if (session) session.n++
        done()
      }
    case 'own key':
      return (session, done) => {
        const [, key, value] = /[?](\d+)=(\d+)$/.exec(session.req.url) ?? []
        if (key) session[`key${key}`] = Number(value)
        else session.n++
        done()
      }
    case 'nested':
      return (session, done) => {
        if (session) session.state.page.visits++
        done()
      }
    case 'new visitor':
      return (session, done) => {
        if (session) fill(session)
        done()
      }
    case 'login':
      return (session, done) => {
        if (!session) return done()
        // `req.session` is another one afterwards.
        const { req } = session
        session.regenerate((error: unknown) => {
          if (error) throw error
          fill(req.session)
          done()
        })
      }
  }
}
let sink: unknown
void sink
