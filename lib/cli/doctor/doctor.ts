import { systemClock } from '../../base/clock'
import { badOption } from '../../base/errors'
import type { CommandLine } from '../arguments'
import { harmless, type Terminal } from '../terminal'
import { Visitor } from './browse'
import { diagnose, type HttpExchange, type Transcript } from './findings'

/** How often the cookie is sent back: several processes take turns. */
const AGAIN = 4

export async function runDoctor({ words, flags }: CommandLine, terminal: Terminal): Promise<number> {
  const url = urlOf('URL', words[0] as string)
  const from = flags.from === undefined ? undefined : urlOf('--from', flags.from).origin
  const login = flags.login === undefined ? undefined : new URL(flags.login, url)
  const body = login && formOf(flags.field ?? [])
  const exchanges: HttpExchange[] = []
  const browsing = { insecure: flags.insecure === true, from }
  const enter = async (step: 'visit' | 'forwarded', headers: Record<string, string>) => {
    const visitor = new Visitor(browsing, exchanges)
    await visitor.open(url, { step, headers })
    if (login) await visitor.open(login, { step: step === 'visit' ? 'login' : step, headers, body })
    return visitor
  }
  const visitor = await enter('visit', {})
  for (let i = 0; i < AGAIN; i++) await visitor.open(url, { step: 'again' })
  const cookieName = flags.cookie
  const isSet = ({ setCookies }: HttpExchange) =>
    setCookies.some((line) => cookieName === undefined || line.startsWith(`${cookieName}=`))
  if (exchanges.some(isSet)) await new Visitor(browsing, exchanges).open(url, { step: 'fresh' })
  else await enter('forwarded', { 'x-forwarded-proto': 'https' })
  return report(
    { exchanges, cookieName, from, hasLogin: login !== undefined, now: systemClock() },
    terminal,
    flags.json,
  )
}

async function report(
  transcript: Transcript,
  terminal: Terminal,
  json: boolean | undefined,
): Promise<number> {
  const findings = diagnose(transcript)
  if (json) await terminal.print(JSON.stringify(findings))
  else if (findings.length === 0)
    await terminal.print(terminal.paint('green', 'The cookie is set, kept, sent back and recognised.'))
  for (const { code, what, rule, fix } of json ? [] : findings) {
    await terminal.print(`${terminal.paint('red', code)}: ${harmless(what)}`)
    await terminal.print(`  rule: ${/^\d/.test(rule) ? `RFC 6265bis, section ${rule}` : rule}`)
    await terminal.print(`  change: ${harmless(fix)}`)
  }
  return findings.length > 0 ? 1 : 0
}

function urlOf(option: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) badOption(option, 'http://... or https://...', text)
  return url
}

function formOf(fields: readonly string[]): string {
  const form = new URLSearchParams()
  for (const field of fields) {
    const equals = field.indexOf('=')
    if (equals < 1) badOption('--field', 'NAME=VALUE', field)
    const value = field.slice(equals + 1)
    form.append(
      field.slice(0, equals),
      value.startsWith('env:') ? (process.env[value.slice(4)] ?? '') : value,
    )
  }
  return form.toString()
}
