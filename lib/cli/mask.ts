const SECRET_KEY =
  /pass(?:word|wd|phrase|code)|^pass$|secret|token|api_?-?key|access_?-?key|private|credential|authorization|bearer|jwt|csrf|xsrf|nonce|verifier|otp|^pin$|cvv|iban|ssn|card_?-?number/i

const MASKED = '***'

/** For `JSON.stringify`: values of keys that look like secrets do not show. Yes and no are no secrets. */
export function maskSecrets(key: string, value: unknown): unknown {
  const says = value !== null && value !== undefined && typeof value !== 'boolean' && value !== ''
  return says && SECRET_KEY.test(key) ? MASKED : value
}
