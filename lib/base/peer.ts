import { SessionError } from './errors'

const NOT_FOUND = ['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND']

/**
 * Loads an optional package, and tells one that is not installed from one that is there and fails to load: bundled
 * without its native part, without a build for this platform, or where code may not be made from strings. Each has a
 * cure of its own.
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
    const needs = `${user} needs the package ${name}`
    const absent = NOT_FOUND.includes(code) && missing === name
    const words = absent ? `${needs}: npm install ${name}` : `${needs}, ${why(name, message)}`
    throw new SessionError('ERR_SESSION_PEER', words, { cause })
  }
}

function why(name: string, message: string): string {
  const fails = `which is there and fails to load (${message.split('\n', 1)[0]})`
  if (/code generation from strings/i.test(message)) {
    return `${fails}; start Node.js without --disallow-code-generation-from-strings, or take a store that does not need it`
  }
  return (
    `${fails}; in a bundle, name it as external: external: ['${name}']; else install it again, on this platform and with ` +
    'its optional packages'
  )
}
