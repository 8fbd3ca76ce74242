import type { NextHandleFunction } from 'connect'

/** What is measured side by side. */
export const KINDS = ['bare', 'express-session', 'sojourn'] as const
export type Kind = (typeof KINDS)[number] | string

const OPTIONS = {
  secret: 'a secret of a sensible length',
  resave: false,
  saveUninitialized: false,
  ...JSON.parse(process.env['BENCH_OPTIONS'] ?? '{}'),
}

export async function middlewareOf(kind: Kind): Promise<NextHandleFunction | undefined> {
  switch (kind) {
    case 'bare':
      return undefined
    case 'express-session':
      return require('express-session')(OPTIONS)
    case 'sojourn':
      return require('../../dist')(OPTIONS)
    default:
      throw new Error(`unknown kind ${kind}`)
  }
}
