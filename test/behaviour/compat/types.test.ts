import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it, type TestContext } from 'node:test'

const ROOT = join(__dirname, '../../..')
const MODULES = join(ROOT, 'node_modules')

/** @returns what `tsc` prints */
function tsc(...args: string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(join(MODULES, '.bin/tsc'), [...args, '--pretty', 'false'], (_error, stdout) => resolve(stdout))
  })
}

/** What the compiler says of the files of an application that has the package installed under a name. */
async function compile(t: TestContext, name: string, files: Record<string, string>): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-types-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const installed = join(folder, 'node_modules', name)
  await tsc('-p', join(ROOT, 'lib'), '--emitDeclarationOnly', '--outDir', installed)
  writeFileSync(join(installed, 'package.json'), '{ "types": "index.d.ts" }')
  symlinkSync(join(MODULES, '@types'), join(folder, 'node_modules/@types'))
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text)
  const compilerOptions = {
    ...{ target: 'es2022', module: 'node16', strict: true, noEmit: true, skipLibCheck: true },
    ...{ esModuleInterop: true, types: ['node'] },
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
  return tsc('-p', folder)
}

const APP = `
import type { Request, Response } from 'express'
import session, { Store, Cookie, Session, MemoryStore } from 'express-session'
import type { SessionData, SessionOptions, CookieOptions } from 'express-session'
import * as all from 'express-session'
import required = require('express-session')

declare module 'express-session' {
  interface SessionData {
    views: number
    user?: { id: string }
  }
}

export function handler(req: Request, res: Response): void {
  req.session.views = (req.session.views ?? 0) + 1
  const user: string | undefined = req.session.user?.id
  // @ts-expect-error an application has not declared this one
  req.session.nothing
  req.session.cookie.maxAge = 1000
  req.session.regenerate((err) => err.message)
  req.session.save((err) => err?.message).touch()
  const id: string = req.session.id + req.sessionID + user
  req.sessionStore.get(id, (err, found) => res.json([err, found?.views]))
}

class Mine extends Store {
  get(sid: string, callback: (err: any, session?: SessionData | null) => void): void {
    callback(null, { cookie: new Cookie(), views: 1 })
  }
  set(sid: string, session: SessionData, callback?: (err?: any) => void): void {
    callback?.()
  }
  destroy(sid: string, callback?: (err?: any) => void): void {
    callback?.()
  }
}

const cookie: CookieOptions = { maxAge: 1000, sameSite: 'lax', secure: 'auto' }
const options: SessionOptions = { secret: ['a', 'b'], store: new Mine(), cookie, resave: false }
export const made = [session(options), all.default, required(options), new MemoryStore(), new required.MemoryStore()]
export const kind: Session | undefined = undefined
// @ts-expect-error no such option value
session({ secret: 'a', unset: 'maybe' })
`

it('T24: under the alias the names of @types/express-session are there, and declarations merge', async (t) => {
  assert.equal(await compile(t, 'express-session', { 'app.ts': APP }), '')
})

it('T24: under its own name it stands beside @types/express-session', async (t) => {
  // What those types declare for all of a program.
  const theirs = `
    export interface TheirSession { theirs: true }
    declare global {
      namespace Express {
        interface Request {
          session: TheirSession
          sessionID: string
          sessionStore: { theirs: true }
        }
      }
    }`
  const app = `
    import session from 'sojourn'
    import type { Request } from 'express'
    import type {} from './theirs.js'
    session({ secret: 'x' })
    export const read = (req: Request) => req.session`
  assert.equal(await compile(t, 'sojourn', { 'theirs.d.ts': theirs, 'app.ts': app }), '')
})
