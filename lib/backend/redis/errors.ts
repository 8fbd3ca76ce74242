import { type SessionError, storeError } from '../../base/errors'

/** The server answered with an error that starts with this word. */
export function isErrorReply(error: unknown, start: string): boolean {
  return error instanceof Error && error.message.startsWith(start)
}

/**
 * A failure of the server or the client, without what it says of the command's arguments: these are a key, which
 * is as good as the session's id, and the session.
 */
export function redisError(operation: string, cause: unknown): SessionError {
  if (cause instanceof Error) {
    // ioredis hangs the command on its errors; Redis itself repeats arguments to a command that it does not know.
    if ('command' in cause) delete cause.command
    const [message = '', ...repeated] = cause.message.split(/, with args beginning with: /i)
    if (repeated.length > 0) return storeError(operation, new Error(message))
  }
  return storeError(operation, cause)
}
