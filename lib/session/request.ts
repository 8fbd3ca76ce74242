import type { RefusedReason } from '../base/events'
import { isUsableId } from '../base/ids'
import { warnOnce } from '../base/warnings'
import { cookieValues } from '../cookie/header'
import { pathOf } from '../cookie/path-match'
import type { Signer } from '../cookie/signature'
import type { SessionRequest } from './session'

/**
 * Whether a request came over https: by its own connection, else by what `proxy` allows to be believed.
 *
 * @param proxy `false`: no proxy; `true`: the first `X-Forwarded-Proto`; `undefined`: Express' `req.secure`
 */
export function isSecure(req: SessionRequest, proxy: boolean | undefined): boolean {
  // `connection` before `socket`: test doubles and socket.io handshakes set the older name.
  const connection = req.connection ?? req.socket
  if (connection && (connection as { encrypted?: unknown }).encrypted) return true
  if (proxy === false) return false
  if (proxy === undefined) return req.secure === true
  const forwarded = req.headers?.['x-forwarded-proto']
  const first = (Array.isArray(forwarded) ? forwarded[0] : forwarded)?.split(',', 1)[0]
  return first?.trim().toLowerCase() === 'https'
}

/** @returns the path that the browser asked for, whatever mount points have cut off since */
export function requestPath(req: SessionRequest): string {
  return pathOf(req.originalUrl ?? req.url ?? '/')
}

type Refuse = (because: RefusedReason, req: SessionRequest) => void

const LAST: unique symbol = Symbol('sojourn.last-cookie')

/** Longer headers are read anew each time: they would weigh on every connection that idles. */
const LAST_LENGTH = 1024

/** A connection, and what its last request brought: a browser sends the same cookies again and again. */
interface Connection {
  [LAST]?: { header: string; name: string; signer: Signer; ids: readonly string[] }
}

/**
 * The session ids that a request brings, best first: every cookie of the name whose signature verifies, since a
 * bad one in front must not hide a good one; failing those, what cookie-parser has taken out of the header.
 *
 * @param refuse told of each cookie that is not used, and why
 */
export function requestIds(
  req: SessionRequest,
  name: string,
  signer: Signer,
  refuse: Refuse,
): readonly string[] {
  const header = req.headers?.cookie
  // HTTP/2's are stand-ins that throw when the connection is gone.
  const socket = req.httpVersionMajor === 1 ? (req.socket as Connection | null | undefined) : undefined
  const last = socket?.[LAST]
  if (last && last.header === header && last.signer === signer && last.name === name) return last.ids
  const ids: string[] = []
  if (header) {
    const values = cookieValues(header, name)
    for (const raw of values) {
      const known = signer.recall(raw)
      if (known !== undefined) add(ids, known)
      else if (raw) take(ids, signer.open(raw), req, refuse)
    }
    // One that was refused is told of each time.
    const memorable = header.length <= LAST_LENGTH && values.length === 1 && ids.length === 1
    if (socket && memorable && Object.isExtensible(socket)) {
      socket[LAST] = { header, name, signer, ids }
    }
  }
  if (ids.length === 0 && (req.signedCookies || req.cookies)) takeParsed(ids, req, name, signer, refuse)
  return ids
}

function take(ids: string[], id: string | undefined, req: SessionRequest, refuse: Refuse): void {
  if (id === undefined) refuse('signature', req)
  else if (!isUsableId(id)) refuse('malformed', req)
  else add(ids, id)
}

function add(ids: string[], id: string): void {
  if (!ids.includes(id)) ids.push(id)
}

function takeParsed(ids: string[], req: SessionRequest, name: string, signer: Signer, refuse: Refuse): void {
  const verified = ownValue(req.signedCookies, name)
  const parsed = ownValue(req.cookies, name)
  if (verified) take(ids, verified, req, refuse)
  else if (parsed) take(ids, signer.verify(parsed), req, refuse)
  if (ids.length > 0) {
    warnOnce(
      'SOJOURN_PARSED_COOKIE',
      'the session cookie should be in req.headers.cookie, not only in req.cookies',
    )
  }
}

function ownValue(cookies: Record<string, unknown> | undefined, name: string): string | undefined {
  if (typeof cookies !== 'object' || cookies === null || !Object.hasOwn(cookies, name)) return undefined
  const value = cookies[name]
  return typeof value === 'string' ? value : undefined
}
