import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type NetConnectOpts } from 'node:net'

const FIRST = 10_000
const LAST = 21_999

/**
 * A loopback port that nobody listens on, and whose number plus 10,000 (the bus of a Redis cluster) is free too.
 * Below the range the kernel hands to outgoing connections, so that a server that restarts finds it free again.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const port = randomInt(FIRST, LAST + 1)
    if ((await isFree(port)) && (await isFree(port + 10_000))) return port
  }
  throw new Error('no free port in 50 attempts')
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer()
  try {
    probe.listen({ port, host: '127.0.0.1', exclusive: true })
    await once(probe, 'listening')
    return true
  } catch {
    return false
  } finally {
    probe.close()
  }
}

/** @returns whether a server takes connections there */
export async function isListening(where: NetConnectOpts): Promise<boolean> {
  const socket = connect(where)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
