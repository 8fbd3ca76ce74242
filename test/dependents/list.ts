/** What README's table "Works with" shows: the packages of each row, the file that runs them, and what it runs. */
export interface Dependents {
  packages: readonly string[]
  file: string
  ran: string
}

const VISITS = 'sessions over requests, login and logout, also with a store that answers late'
const HOST = `${VISITS}; a failed save is an error page`
const FORMS = 'a form with its token is taken, another one refused'

const STORE = 'sessions over requests, login, logout and renewal'
const STORE_ENDS = `${STORE}; time-outs, parallel changes`
const SOCKET = 'a socket has the session of its page, and its writes are seen there, until logout'

export const DEPENDENTS: readonly Dependents[] = [
  { packages: ['koa', 'koa-connect'], file: 'koa', ran: HOST },
  { packages: ['fastify', '@fastify/middie'], file: 'fastify', ran: HOST },
  {
    packages: ['fastify', '@fastify/express'],
    file: 'fastify',
    ran: HOST,
  },
  { packages: ['@nestjs/core'], file: 'nest', ran: HOST },
  { packages: ['h3'], file: 'h3', ran: HOST },
  { packages: ['hono', '@hono/node-server'], file: 'hono', ran: HOST },
  { packages: ['restify'], file: 'restify', ran: HOST },
  { packages: ['polka'], file: 'polka', ran: HOST },
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
  {
    packages: ['socket.io', 'socket.io-client'],
    file: 'socket-io',
    ran: `${SOCKET}; polling, WebSocket and both`,
  },
  { packages: ['express-socket.io-session'], file: 'socket-io', ran: SOCKET },
  { packages: ['ws'], file: 'sockets', ran: SOCKET },
  { packages: ['express-ws'], file: 'sockets', ran: SOCKET },
  { packages: ['serverless-http'], file: 'serverless', ran: VISITS },
  { packages: ['@vendia/serverless-express'], file: 'serverless', ran: VISITS },
  {
    packages: ['grant'],
    file: 'grant',
    ran: 'a login at a provider, with its state and token in the session',
  },
  { packages: ['supertest'], file: 'injected', ran: VISITS },
  { packages: ['light-my-request'], file: 'injected', ran: VISITS },
  {
    packages: ['jest', 'jest-environment-jsdom'],
    file: 'jest',
    ran: "an application's tests, in Node.js and in jsdom, with real and with fake timers",
  },
  { packages: ['connect-loki'], file: 'stores', ran: STORE_ENDS },
  { packages: ['memorystore'], file: 'stores', ran: STORE_ENDS },
  { packages: ['session-file-store'], file: 'stores', ran: STORE_ENDS },
  { packages: ['connect-sqlite3'], file: 'stores', ran: STORE_ENDS },
  { packages: ['better-sqlite3-session-store', 'better-sqlite3'], file: 'stores', ran: STORE_ENDS },
  { packages: ['connect-session-knex'], file: 'stores', ran: `${STORE_ENDS}; on SQLite` },
  { packages: ['express-mysql-session'], file: 'store-servers', ran: `${STORE_ENDS}; on MariaDB` },
  { packages: ['connect-memcached'], file: 'store-servers', ran: `${STORE_ENDS}; on memcached` },
]

/** Installed for the sake of the others. */
export const HELPERS = [
  '@nestjs/common',
  '@nestjs/platform-express',
  'cookie-parser',
  'express',
  'express-session',
  'node-gyp',
]

/** The rows of README's table, with the versions that are installed. */
export function worksWith(versions: Record<string, string>): string[] {
  return DEPENDENTS.map(({ packages, ran }) => {
    const names = packages.map((name) => `\`${name}\` ${versions[name]}`)
    return `| ${names.join(', ')} | ${ran} |`
  })
}
