import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import connect from 'connect'
import express5 from 'express'
import { Client } from './client'

export const express4: typeof express5 = require('express4')

/** Whatever runs something at its end: a test's context, or `{ after }` of node:test. */
export interface Owner {
  after(work: () => unknown): unknown
}

export type Next = (error?: unknown) => void
export type Handler = (req: any, res: any, next: Next) => unknown
export type ErrorHandler = (error: any, req: any, res: any, next: Next) => unknown

export const APP_KINDS = ['node:http', 'connect', 'express 4', 'express 5'] as const
export type AppKind = (typeof APP_KINDS)[number]

/** Answers 500 with the error's code, if it has one, and its message. */
export const showError: ErrorHandler = (error, _req, res) => {
  res.statusCode = 500
  res.end(`error: ${error?.code ? `${error.code} ` : ''}${error?.message ?? error}`)
}

/** An application of each kind out of the same middlewares. */
export function appOf(
  kind: AppKind,
  handlers: Handler[],
  onError: ErrorHandler = showError,
): http.RequestListener {
  if (kind === 'node:http') return chain(handlers, onError)
  const app = kind === 'connect' ? connect() : kind === 'express 4' ? express4() : express5()
  for (const handler of handlers) app.use(handler as never)
  // Both look at the number of parameters.
  app.use(((error: unknown, req: unknown, res: unknown, next: Next) =>
    onError(error, req, res, next)) as never)
  return app as unknown as http.RequestListener
}

function chain(handlers: Handler[], onError: ErrorHandler): http.RequestListener {
  return (req, res) => {
    const run = (index: number, error?: unknown): void => {
      if (error) {
        onError(error, req, res, () => {})
        return
      }
      handlers[index]?.(req, res, (failed) => run(index + 1, failed))
    }
    run(0)
  }
}

export interface ServeOptions {
  https?: boolean
}

export interface Served {
  origin: string
  server: http.Server | https.Server
  /** A new visitor. */
  client(): Client
}

/** Listens on a free port of the loopback until its owner ends. */
export async function serve(
  owner: Owner,
  listener: http.RequestListener,
  options: ServeOptions = {},
): Promise<Served> {
  const server = options.https ? https.createServer(tls(), listener) : http.createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const clients: Client[] = []
  owner.after(async () => {
    for (const client of clients) client.stop()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const origin = `${options.https ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    origin,
    server,
    client() {
      const client = new Client(origin)
      clients.push(client)
      return client
    },
  }
}

/** A key and certificate of our own for `localhost`, good for a hundred years and for nothing else. */
export function tls(): { key: Buffer; cert: Buffer } {
  const folder = join(__dirname, 'tls')
  return { key: readFileSync(join(folder, 'key.pem')), cert: readFileSync(join(folder, 'cert.pem')) }
}

/** Handlers by path: `{ '/login': (req, res) => … }`; any other path is answered with 404. */
export function routes(table: Record<string, Handler>): Handler {
  return (req, res, next) => {
    const path = (req.originalUrl ?? req.url).split('?', 1)[0]
    const handler = table[path] ?? table['*']
    if (handler) return handler(req, res, next)
    res.statusCode = 404
    return res.end('no such path')
  }
}
