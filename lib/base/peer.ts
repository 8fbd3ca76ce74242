import { SessionError } from './errors'

const NOT_FOUND = ['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND']

/**
 * Loads an optional package, and tells one that is not installed from one that is there and fails to load: bundled
 * without its native part, without a build for this platform, or where code may not be made from strings.
 *
 * @param load `require` with the name as a literal, which bundlers see
 * @throws SessionError ERR_SESSION_PEER
 */
export function loadPeer<T>(name: string, user: string, load: () => T): T {
  try {
    return load()
  } catch (cause) {
    const { code = '', message = '' } = (cause ?? {}) as { code?: string; message?: string }
    const missing = /Cannot find (?:module|package) '([^']+)'/.exec(message)?.[1] ?? name
    const words =
      NOT_FOUND.includes(code) && missing === name
        ? `${user} needs the package ${name}: npm install ${name}`
        : `${user} needs the package ${name}, which is there and fails to load (${message.split('\n', 1)[0]}); ` +
          `in a bundle, name it as external: external: ['${name}']`
    throw new SessionError('ERR_SESSION_PEER', words, { cause })
  }
}
