import { ERROR_CODES as errorCodes, SessionError as SessionErrorClass } from './core/errors'
import type { SessionOptions as Options } from './middleware/options'
import * as middleware from './middleware/session'
import { Cookie as CookieClass } from './session/cookie'
import { Session as SessionClass } from './session/session'
import { Store as StoreClass } from './session/store'
import { MemoryStore as MemoryStoreClass } from './store/memory'

function session(options?: Options): middleware.SessionMiddleware {
  return middleware.session(options)
}
session.session = session
session.Store = StoreClass
session.Session = SessionClass
session.Cookie = CookieClass
session.MemoryStore = MemoryStoreClass
session.update = middleware.update
session.SessionError = SessionErrorClass
session.ERROR_CODES = errorCodes

export = session
