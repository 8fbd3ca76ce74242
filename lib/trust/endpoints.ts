import { randomBytes } from 'node:crypto'
import { systemClock } from '../base/clock'
import { SessionError } from '../base/errors'
import type { Context } from '../exchange/context'
import { Exchange } from '../exchange/exchange'
import type { RequestState } from '../exchange/state'
import type { Binding } from '../record/trust'
import { appendHeader, type HookedResponse } from '../response/parts'
import { isSecure } from '../session/request'
import { LINK, type Session, type SessionRequest } from '../session/session'
import type { BoundCookie } from './bound-cookie'
import { type Challenges, usedIn, wasFirst } from './challenges'
import { bindingOf, keep } from './notes'
import type { BindingSettings } from './options'
import { readProof } from './proof'
import { challengeField, readStringField } from './structured-fields'

/*
 * What a browser asks by itself. 403 is a challenge; any other 4xx ends the browser's binding, and an error of the
 * store, which is a 500, does not.
 */

/** What the requests of one middleware share. */
export interface Bound {
  readonly context: Context
  readonly settings: BindingSettings
  readonly refreshPath: string
  readonly cookie: BoundCookie
  readonly challenges: Challenges
}

/** The browser has made a key and proves it by the challenge of the login's answer. */
export async function answerRegistration(
  bound: Bound,
  req: SessionRequest,
  res: HookedResponse,
): Promise<void> {
  const wrong = wrongRequest(bound, req)
  if (wrong) return refuse(req, res, ...wrong)
  const session = storedSession(req)
  if (!session) return refuse(req, res, 401, 'no session')
  const token = readStringField(req.headers?.['secure-session-response'])
  const proof = token === undefined ? 'malformed' : readProof(token, undefined)
  if (typeof proof === 'string') return refuseProof(bound, req, res, 400, proof)
  if (!bound.challenges.isForRegistration(proof.challenge, session.id, systemClock()))
    return refuseProof(bound, req, res, 400, 'the challenge is not one of this session, or too old')
  const { algorithm, text } = proof.key
  const id = randomBytes(18).toString('base64url')
  const binding: Binding = { id, since: systemClock(), algorithm, key: text, used: [] }
  // The first key stays: whoever has got hold of the cookie cannot put another in its place.
  if (!bindingOf(session)) await keep(session, { binding })
  const kept = bindingOf(session)
  if (kept?.id !== id) return refuseProof(bound, req, res, 409, 'the session is bound already')
  const { context, settings } = bound
  context.tell('bound', () => ({ session: context.fingerprint(session.id), because: 'registered' }), req)
  res.statusCode = 200
  res.setHeader?.('Content-Type', 'application/json')
  setBoundCookie(bound, res, kept)
  res.end?.(JSON.stringify(configurationOf(bound, kept, settings.name)))
}

/** The bound cookie has ended, or is about to. */
export async function answerRefresh(bound: Bound, req: SessionRequest, res: HookedResponse): Promise<void> {
  const wrong = wrongRequest(bound, req)
  if (wrong) return refuse(req, res, ...wrong)
  // Scripts cannot set a header of this name, and other sites cannot send it (Fetch standard, forbidden names).
  const id = readStringField(req.headers?.['sec-secure-session-id'])
  if (id === undefined) return refuse(req, res, 400, 'Sec-Secure-Session-Id is missing or malformed')
  const session = storedSession(req)
  const binding = session && bindingOf(session)
  if (!session || binding?.id !== id) return refuse(req, res, 410, 'no session is bound by this identifier')
  const field = req.headers?.['secure-session-response']
  if (field === undefined) return challenge(bound, res, binding, 403)
  const token = readStringField(field)
  const key = { algorithm: binding.algorithm as 'ES256' | 'RS256', text: binding.key }
  const proof = token === undefined ? 'malformed' : readProof(token, key)
  if (typeof proof === 'string') return refuseProof(bound, req, res, 400, proof)
  const { challenges } = bound
  const by = randomBytes(6).toString('base64url')
  if (!challenges.isForRefresh(proof.challenge, binding, systemClock()))
    return challengeAgain(bound, req, res, binding)
  try {
    await keep(session, { binding: usedIn(binding, proof.challenge, by) })
  } catch (error) {
    if (!isGone(error)) throw error
    // Another request of this browser has logged out meanwhile.
    return refuse(req, res, 410, 'the session has ended')
  }
  // Of several requests with one challenge, also in several processes, the store has had one first.
  const kept = bindingOf(session)
  if (!kept || !wasFirst(kept, proof.challenge, by)) return challengeAgain(bound, req, res, binding)
  const { context } = bound
  context.tell('bound', () => ({ session: context.fingerprint(session.id), because: 'refreshed' }), req)
  setBoundCookie(bound, res, kept)
  // For the next time: that saves the browser a request.
  challenge(bound, res, kept, 200)
}

function isGone(error: unknown): boolean {
  return error instanceof SessionError && error.code === 'ERR_SESSION_GONE'
}

type Wrong = [status: number, because: string]

function wrongRequest({ context }: Bound, req: SessionRequest): Wrong | undefined {
  if (req.method !== 'POST') return [405, 'only POST']
  if (!isSecure(req, context.policy.proxy)) return [400, 'only over https']
  const { origin, host, 'sec-fetch-site': site } = req.headers ?? {}
  const authority = host ?? req.headers?.[':authority']
  if (site === 'cross-site' || (origin !== undefined && origin !== `https://${authority}`))
    return [400, 'the request comes from another site']
  return undefined
}

function stateOf(req: SessionRequest): RequestState | undefined {
  const link = req[LINK]
  return link instanceof Exchange ? link.state : undefined
}

/** The session of the store, as opposed to a new one for a cookie that is not known. */
function storedSession(req: SessionRequest): Session | undefined {
  const { session } = req
  return session && stateOf(req)?.known?.id === session.id ? session : undefined
}

function challenge({ challenges }: Bound, res: HookedResponse, binding: Binding, status: number): void {
  res.statusCode = status
  noStore(res)
  res.setHeader?.(
    'Secure-Session-Challenge',
    challengeField(challenges.forRefresh(binding, systemClock()), binding.id),
  )
  res.end?.()
}

/** A challenge that was used or is too old: no proof, and no reason to end the browser's binding. */
function challengeAgain(bound: Bound, req: SessionRequest, res: HookedResponse, binding: Binding): void {
  tellRefused(bound, req)
  challenge(bound, res, binding, 403)
}

function setBoundCookie({ cookie }: Bound, res: HookedResponse, binding: Binding): void {
  noStore(res)
  appendHeader(res, 'Set-Cookie', [cookie.line(binding, systemClock())])
}

function noStore(res: HookedResponse): void {
  res.setHeader?.('Cache-Control', 'no-store')
}

function refuseProof(bound: Bound, req: SessionRequest, res: HookedResponse, ...wrong: Wrong): void {
  tellRefused(bound, req)
  refuse(req, res, ...wrong)
}

function tellRefused({ context }: Bound, req: SessionRequest): void {
  const session = context.fingerprint(String(req.sessionID))
  context.tell('refused', () => ({ because: 'proof', session }), req)
}

function refuse(req: SessionRequest, res: HookedResponse, status: number, because: string): void {
  const state = stateOf(req)
  // Of a session that was only made for this request nothing is kept.
  if (state && !storedSession(req)) state.unbound = true
  res.statusCode = status
  noStore(res)
  if (status === 405) res.setHeader?.('Allow', 'POST')
  res.setHeader?.('Content-Type', 'text/plain; charset=utf-8')
  res.end?.(because)
}

/** The session instructions of W3C DBSC, section "JSON Session Instruction Format". */
function configurationOf({ settings, refreshPath }: Bound, { id }: Binding, name: string): object {
  const { path, sameSite } = settings.attributes
  const site = `${String(sameSite).charAt(0).toUpperCase()}${String(sameSite).slice(1)}`
  return {
    session_identifier: id,
    refresh_url: refreshPath,
    scope: { include_site: false },
    credentials: [{ type: 'cookie', name, attributes: `Path=${path}; Secure; HttpOnly; SameSite=${site}` }],
  }
}
