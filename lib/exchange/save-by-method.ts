import { asked } from '../base/async'
import { OWN_METHODS, Session } from '../session/session'
import type { Exchange } from './exchange'

/** Whether the application has put a `save` in the place of ours, on the prototype or on this session. */
export function hasOtherSave(session: Session): boolean {
  const { save } = session
  return save !== OWN_METHODS.save && typeof save === 'function' && session instanceof Session
}

/** Saves by the method that is there, as express-session does at the end of a response. */
export async function saveByMethod(exchange: Exchange, session: Session): Promise<void> {
  exchange.savesByMethod = true
  try {
    await asked((done) => session.save(done))
  } finally {
    exchange.savesByMethod = false
  }
}
