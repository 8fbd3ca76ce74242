/**
 * What published stores do not do, by case of the store suite. The suite runs each and fails when one passes, so
 * the list is true of the versions installed; README's comparison of stores is made from it.
 */
export const knownFailures: Record<string, Record<string, string>> = {
  'express-session MemoryStore': {
    'a session that JSON cannot write is an error of the callback, and the one of before stays':
      'it throws at the caller; the response of the middleware then never ends',
  },
  memorystore: {
    'all shows a session whatever its id': 'all() fills a plain object, on which the id __proto__ is no key',
  },
  'session-file-store': {
    'an id is a name, not a path and not a pattern':
      'the id is the path of a file: ../up leaves the folder, a/b fails',
    'set leaves the session object as it was': 'it writes __lastAccess on the session of the request',
    'a session whose cookie has ended already when it is set is not given away':
      'it counts from the last write by originalMaxAge or its own ttl and never looks at cookie.expires',
    'touch moves the end backwards': 'it counts by originalMaxAge and never looks at cookie.expires',
    'touch does not bring back a session that is destroyed at the same time':
      'touch reads the file and writes it again: a destroy in between is undone (a logout that does not last)',
    'touch does not bring back a session whose time has passed':
      'what it takes for an absent session it writes anew, empty',
    'touch and destroy of a session that is not there work without a callback':
      'touch calls the callback that it did not get, which ends the process',
  },
  'connect-redis': {
    'after touch, get shows the new end':
      'touch moves the time to live of the key, not the cookie in the record',
    'a callback of get that throws is not called again, and what it throws reaches the process':
      'the callback is called inside try: it is called again with its own error',
    'a callback of set, touch or destroy that throws is not called again, and what it throws reaches the process':
      'the callback is called inside try: it is called again with its own error',
    'without a callback a method gives a promise of what it would call back with':
      'a promise that nobody waits for ends the process when it fails',
    'a prefix is taken literally and keeps stores apart':
      'the prefix goes into a SCAN pattern as it is: all, length and clear reach the sessions of other prefixes',
    'a call that fails without a callback does not end the process':
      'the promise of each method rejects with nobody to listen',
  },
  'connect-pg-simple': {
    'set takes the session as it is when it is called':
      'the session becomes JSON when the query is sent: changes made meanwhile are in it',
    'touch does not bring back a session whose time has passed':
      'the row stands until it is pruned, and touch gives it a new end',
    'after touch, get shows the new end': 'touch moves the column expire, not the cookie in the record',
    'a callback of get that throws is not called again, and what it throws reaches the process':
      'what the callback throws is taken for a broken record: the session is destroyed and the callback called again',
    'a store whose very first call met a dead server works when the server is back':
      'the failed creation of the table is remembered until the process restarts',
  },
}
