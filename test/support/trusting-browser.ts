import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium } from 'playwright-core'

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
const CERTUTIL = '/usr/bin/certutil'
const QUIET = ['gpu', 'quic', 'background-networking', 'component-update', 'sync'].map(
  (name) => `--disable-${name}`,
)
/** Without any one of these Chromium registers no device, and says nothing. */
const DEVICE_BOUND =
  '--enable-features=DeviceBoundSessions:ForceEnableForTesting/true,EnableBoundSessionCredentialsSoftwareKeysForManualTesting'

/** `false`: can run. In CI what is missing is a failure. */
export function withoutTrustingBrowser(): string | false {
  const missing = [CHROMIUM, CERTUTIL].filter((path) => !existsSync(path))
  if (missing.length === 0 || process.env['CI']) return false
  return `there is no ${missing.join(', no ')}: install Debian's chromium and libnss3-tools`
}

/** A Chromium with a home of its own, that trusts our certificate for `localhost` and binds sessions to software keys. */
export async function startTrustingBrowser(): Promise<{ context: BrowserContext; stop(): Promise<void> }> {
  const home = mkdtempSync(join(tmpdir(), 'sojourn-browser-'))
  const nss = join(home, '.pki', 'nssdb')
  mkdirSync(nss, { recursive: true })
  const certificate = join(__dirname, 'tls', 'cert.pem')
  execFileSync(CERTUTIL, ['-d', `sql:${nss}`, '-N', '--empty-password'])
  execFileSync(CERTUTIL, ['-d', `sql:${nss}`, '-A', '-t', 'C,,', '-n', 'sojourn', '-i', certificate])
  const context = await chromium.launchPersistentContext(join(home, 'profile'), {
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--no-first-run', DEVICE_BOUND, ...QUIET],
    env: { ...process.env, HOME: home } as Record<string, string>,
  })
  return {
    context,
    async stop() {
      await context.close()
      rmSync(home, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}
