/** What README's table "Works with" shows: the packages of each row, the file that runs them, and what it runs. */
export interface Dependents {
  packages: readonly string[]
  file: string
  ran: string
}

const VISITS = 'sessions over requests, login and logout, also with a store that answers late'
const FORMS = 'a form with its token is taken, another one refused'

export const DEPENDENTS: readonly Dependents[] = [
  { packages: ['koa', 'koa-connect'], file: 'koa', ran: VISITS },
  { packages: ['fastify', '@fastify/middie'], file: 'fastify', ran: VISITS },
  {
    packages: ['fastify', '@fastify/express'],
    file: 'fastify',
    ran: `${VISITS}; a failed save is an error page`,
  },
  { packages: ['@nestjs/core'], file: 'nest', ran: `${VISITS}; a failed save is an error page` },
  { packages: ['h3'], file: 'h3', ran: VISITS },
  { packages: ['hono', '@hono/node-server'], file: 'hono', ran: VISITS },
  { packages: ['restify'], file: 'restify', ran: VISITS },
  { packages: ['polka'], file: 'polka', ran: `${VISITS}; a failed save is an error page` },
  {
    packages: ['passport', 'passport-local'],
    file: 'passport',
    ran: 'login keeps the basket under a new id; logout',
  },
  {
    packages: ['connect-flash'],
    file: 'connect-flash',
    ran: 'a message is shown after a redirect, and once',
  },
  { packages: ['csrf-csrf'], file: 'csrf', ran: FORMS },
  { packages: ['csrf-sync'], file: 'csrf', ran: FORMS },
  { packages: ['csurf'], file: 'csrf', ran: FORMS },
  { packages: ['lusca'], file: 'csrf', ran: FORMS },
  {
    packages: ['compression'],
    file: 'connect',
    ran: 'long answers, zipped in front of the session and behind it',
  },
  {
    packages: ['connect-timeout'],
    file: 'connect',
    ran: 'an answer that comes too late; a failed save is an error page',
  },
]

/** Installed for the sake of the others. */
export const HELPERS = [
  '@nestjs/common',
  '@nestjs/platform-express',
  'cookie-parser',
  'express',
  'express-session',
  'node-gyp',
  // Their tests come next.
  '@vendia/serverless-express',
  'better-sqlite3',
  'better-sqlite3-session-store',
  'connect-loki',
  'connect-memcached',
  'connect-session-knex',
  'connect-sqlite3',
  'express-mysql-session',
  'express-socket.io-session',
  'express-ws',
  'grant',
  'jest',
  'jest-environment-jsdom',
  'light-my-request',
  'memorystore',
  'serverless-http',
  'session-file-store',
  'socket.io',
  'socket.io-client',
  'supertest',
  'ws',
]

/** The rows of README's table, with the versions that are installed. */
export function worksWith(versions: Record<string, string>): string[] {
  return DEPENDENTS.map(({ packages, ran }) => {
    const names = packages.map((name) => `\`${name}\` ${versions[name]}`)
    return `| ${names.join(', ')} | ${ran} |`
  })
}
