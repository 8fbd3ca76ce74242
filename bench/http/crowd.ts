/**
 * Parallel requests of one visitor: `crowd.ts PORT COUNT COOKIES ROUNDS`. On so many open connections all requests are
 * sent at once, and again as soon as all are answered: so many rounds, or until standard input ends. Each request sets a key of its own to the
 * number of its round, so that the session tells afterwards which updates were lost. With several cookies, which are
 * separated by `|`, each connection is another visitor.
 */
import net from 'node:net'
import { isWhole } from './answer'
import type { CrowdResult } from './contend'

const [port = '', count = '', cookies = '', rounds = ''] = process.argv.slice(2)
const COOKIES = cookies.split('|')
const ROUNDS = rounds ? Number(rounds) : Number.POSITIVE_INFINITY

class Connection {
  readonly #socket: net.Socket
  readonly #cookie: string
  #answer = Buffer.alloc(0)
  #done: (status: number) => void = () => {}

  private constructor(socket: net.Socket, cookie: string, onLost: (error: Error) => void) {
    this.#socket = socket
    this.#cookie = cookie
    socket.setNoDelay(true)
    socket.on('error', onLost)
    socket.on('data', (data: Buffer) => {
      this.#answer = Buffer.concat([this.#answer, data])
      const status = Number(this.#answer.subarray(9, 12).toString('latin1'))
      // The page of an error has another end, and is the last on its connection's turn all the same.
      if (isWhole(this.#answer) || (status >= 500 && this.#answer.includes('</html>'))) {
        this.#answer = Buffer.alloc(0)
        this.#done(status)
      }
    })
  }

  static open(cookie: string, onLost: (error: Error) => void): Promise<Connection> {
    return new Promise((resolve) => {
      const socket = net.connect(Number(port), '127.0.0.1', () =>
        resolve(new Connection(socket, cookie, onLost)),
      )
      socket.once('error', onLost)
    })
  }

  /** @returns the status of the answer */
  get(path: string): Promise<number> {
    return new Promise((resolve) => {
      this.#done = resolve
      this.#socket.write(
        `GET ${path} HTTP/1.1\r\nHost: localhost\r\nCookie: ${this.#cookie}\r\nConnection: keep-alive\r\n\r\n`,
      )
    })
  }
}

/** How many keys of the only visitor do not have the value of this round. */
async function lostIn(round: number): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}/keys`, { headers: { cookie: COOKIES[0] ?? '' } })
  const keys = (await answer.json()) as Record<string, number>
  let lost = 0
  for (let i = 0; i < Number(count); i++) if (keys[`key${i}`] !== round) lost++
  return lost
}

async function main(): Promise<void> {
  const fail = (error: Error): never => {
    process.stderr.write(`${error}\n`)
    process.exit(1)
  }
  const cookieOf = (i: number): string => COOKIES[i % COOKIES.length] as string
  const connections = await Promise.all(
    Array.from({ length: Number(count) }, (_, i) => Connection.open(cookieOf(i), fail)),
  )
  let ended = false
  process.stdin.on('end', () => {
    ended = true
  })
  process.stdin.resume()
  process.stdout.write('ready\n')
  const result: CrowdResult = { roundsMs: [], lost: 0, failed: 0 }
  for (let round = 1; !ended && round <= ROUNDS; round++) {
    const since = performance.now()
    const statuses = await Promise.all(connections.map((connection, i) => connection.get(`/?${i}=${round}`)))
    result.roundsMs.push(performance.now() - since)
    const failed = statuses.filter((status) => status !== 200).length
    result.failed += failed
    if (COOKIES.length === 1) result.lost += Math.max(0, (await lostIn(round)) - failed)
  }
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit())
}

main()
