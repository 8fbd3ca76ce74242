import type { SessionEventName, SessionEvents } from '../base/events'
import { hasWarned, warnOnce } from '../base/warnings'

type Warning = readonly [code: string, message: string]
type Words = { [N in SessionEventName]?: (event: SessionEvents[N]) => Warning | undefined }

const STORE_DOWN = 'SOJOURN_STORE_DOWN'

/** Events that mean something is wrong, in words that say what to change. */
const WORDS: Words = {
  withheld: ({ because }) =>
    because === 'insecure'
      ? [
          'SOJOURN_COOKIE_WITHHELD',
          'cookie.secure is set and a request did not come over https, so its session cookie was not sent; ' +
            'behind a proxy that ends https, set app.set("trust proxy", 1) or the option proxy: true',
        ]
      : [
          'SOJOURN_COOKIE_LATE',
          'a session was made after the headers had been sent, so its cookie could not be sent; ' +
            'change the session before the first write',
        ],
  interrupted: () => [
    'SOJOURN_INTERRUPTED',
    'a request changed a session that had been destroyed, renewed or expired meanwhile; its changes were not saved',
  ],
  unreadable: () => [
    'SOJOURN_UNREADABLE',
    'a record in the session store is no session (no JSON, or without a cookie) and counts as absent; ' +
      'does something else write under the same keys?',
  ],
  storeError: ({ operation, error }) => [
    'SOJOURN_STORE_ERROR',
    `the session store failed on ${operation}: ${error.message}; listen to the event storeError to see all failures`,
  ],
  storeState: ({ up }) =>
    up && hasWarned(STORE_DOWN) ? ['SOJOURN_STORE_UP', 'the session store is connected again'] : undefined,
  // A cookie of a session that has ended is everyday life; one that does not verify may be a lost secret.
  refused: ({ because }) =>
    because === 'unknown' || because === 'unbound' || because === 'proof'
      ? undefined
      : [
          'SOJOURN_COOKIE_REFUSED',
          'a session cookie does not verify, and its visitor starts anew; ' +
            'after a change of secret keep the old one in the array: secret: [new, old]',
        ],
}

/** At the first request that misses it: a client that is closed when the process ends is no trouble. */
export function warnStoreDown(): void {
  warnOnce(STORE_DOWN, 'the session store is disconnected; until it is back, requests have no session')
}

export function warnAbout<N extends SessionEventName>(name: N, event: () => SessionEvents[N]): void {
  const words = WORDS[name] as ((event: SessionEvents[N]) => Warning | undefined) | undefined
  const warning = words?.(event())
  if (warning) warnOnce(...warning)
}
