interface Kept {
  value: string
  path: string
  secure: boolean
  endsAt: number
  /** The whole `Set-Cookie` line. */
  line: string
}

/** What a browser keeps of one host: RFC 6265 without domains. Looks at `Date.now()`, so a test's clock moves it. */
export class CookieJar {
  readonly #kept = new Map<string, Kept>()

  /** Takes a `Set-Cookie` line as a browser does; one that has ended removes the cookie. */
  take(line: string, requestPath = '/', secureOrigin = false): void {
    const [pair = '', ...rest] = line.split(';')
    const { name, value } = split(pair)
    const attributes = new Map(rest.map((part) => split(part)).map((a) => [a.name.toLowerCase(), a.value]))
    const path = attributes.get('path') || requestPath.replace(/\/[^/]*$/, '') || '/'
    const secure = attributes.has('secure')
    if (secure && !secureOrigin) return
    const maxAge = attributes.get('max-age')
    const expires = attributes.get('expires')
    let endsAt = Number.POSITIVE_INFINITY
    if (maxAge !== undefined) endsAt = Date.now() + Number(maxAge) * 1000
    else if (expires !== undefined) endsAt = Date.parse(expires)
    const key = `${name};${path}`
    // A new value takes the place of the old one in the order of sending.
    if (endsAt <= Date.now()) this.#kept.delete(key)
    else this.#kept.set(key, { value, path, secure, endsAt, line })
  }

  /** The `Cookie` header for a request; `undefined` when there is none to send. */
  header(requestPath: string, secureOrigin = false): string | undefined {
    const pairs = [...this.#kept]
      .filter(([, kept]) => kept.endsAt > Date.now() && (secureOrigin || !kept.secure))
      .filter(([, kept]) => matches(kept.path, requestPath))
      .map(([key, kept]) => `${key.slice(0, key.lastIndexOf(';'))}=${kept.value}`)
    return pairs.length > 0 ? pairs.join('; ') : undefined
  }

  /** The raw value of a cookie that has not ended. */
  get(name: string): string | undefined {
    return this.#live(name)?.value
  }

  line(name: string): string | undefined {
    return this.#live(name)?.line
  }

  set(name: string, value: string): void {
    this.take(`${name}=${value}; Path=/`)
  }

  clear(): void {
    this.#kept.clear()
  }

  copyFrom(other: CookieJar): void {
    for (const [key, kept] of other.#kept) this.#kept.set(key, kept)
  }

  #live(name: string): Kept | undefined {
    for (const [key, kept] of this.#kept) {
      if (key.startsWith(`${name};`) && kept.endsAt > Date.now()) return kept
    }
    return undefined
  }
}

function split(part: string): { name: string; value: string } {
  const at = part.indexOf('=')
  if (at === -1) return { name: part.trim(), value: '' }
  return { name: part.slice(0, at).trim(), value: part.slice(at + 1).trim() }
}

function matches(cookiePath: string, requestPath: string): boolean {
  const path = requestPath.split('?', 1)[0] ?? '/'
  return path === cookiePath || path.startsWith(cookiePath.endsWith('/') ? cookiePath : `${cookiePath}/`)
}
