export type Difference = keyof typeof DIFFERENCES

/** What one of the two packages is known to do otherwise. Each is named by a test of this folder. */
export const DIFFERENCES = {
  'a failed save is no error page': {
    package: 'express-session',
    reason: 'headers leave before the save; the error goes to a log',
  },
  'logout leaves the cookie in the browser': {
    package: 'express-session',
    reason: 'destroy() ends the record only',
  },
  'answers arrive before the save where headers are given to writeHead()': {
    package: 'express-session',
    reason: 'it keeps the last byte back only where content-length was set before',
  },
  'functions answer before the save': {
    package: 'express-session',
    reason: 'the adapter takes the answer as ended while the save is under way',
  },
} as const satisfies Record<string, { package: 'express-session' | 'sojourn'; reason: string }>
