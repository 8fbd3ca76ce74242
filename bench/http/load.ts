/**
 * The load: `load.ts PORT CONNECTIONS MS COOKIES PIPELINED`. Each connection has one request under way, as
 * browsers and proxies have, or as many as PIPELINED says. Connections take turns at the cookies, which are separated
 * by `|`.
 */
import net from 'node:net'
import { isWhole } from './answer'

const [port = '', connections = '', ms = '', cookies = '', pipelined = '1'] = process.argv.slice(2)
const PIPELINED = Number(pipelined)
const requests = cookies.split('|').map((cookie) => {
  const header = cookie ? `Cookie: ${cookie}\r\n` : ''
  const request = `GET / HTTP/1.1\r\nHost: localhost\r\n${header}Connection: keep-alive\r\n\r\n`
  return Buffer.from(request.repeat(PIPELINED))
})
/** How each answer begins; counted in whatever pieces they arrive. */
const OK = Buffer.from('HTTP/1.1 200')
const latenciesUs: number[] = []
let running = true
let done = 0

function worker(request: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    let since = 0
    let answers = 0
    let tail = Buffer.alloc(0)
    const send = () => {
      since = performance.now()
      answers = 0
      socket.write(request)
    }
    const take = (length: number, buffer: Buffer): boolean => {
      const data =
        tail.length > 0 ? Buffer.concat([tail, buffer.subarray(0, length)]) : buffer.subarray(0, length)
      let from = 0
      for (let at = data.indexOf(OK); at !== -1; at = data.indexOf(OK, from)) {
        answers++
        from = at + OK.length
      }
      tail = Buffer.from(data.subarray(Math.max(from, data.length - OK.length + 1)))
      // The last answer is whole when its body is: "ok" behind the headers, or the last chunk behind that.
      if (answers < PIPELINED || !isWhole(data)) return true
      done += answers
      latenciesUs.push((performance.now() - since) * 1000)
      tail = Buffer.alloc(0)
      if (running) send()
      else {
        socket.destroy()
        resolve()
      }
      return true
    }
    const socket = net.connect({
      port: Number(port),
      host: '127.0.0.1',
      onread: {
        buffer: Buffer.alloc(64 * 1024),
        callback: (length, buffer) => take(length, buffer as Buffer),
      },
    })
    socket.setNoDelay(true)
    socket.on('connect', send)
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the server closed a connection')))
  })
}

const started = performance.now()
setTimeout(() => {
  running = false
}, Number(ms))
Promise.all(
  Array.from({ length: Number(connections) }, (_, i) => worker(requests[i % requests.length] as Buffer)),
).then(
  () => {
    latenciesUs.sort((a, b) => a - b)
    const at = (q: number) =>
      latenciesUs[Math.min(latenciesUs.length - 1, Math.floor(latenciesUs.length * q))] ?? 0
    const seconds = (performance.now() - started) / 1000
    process.stdout.write(
      JSON.stringify({ requests: done, perSecond: done / seconds, p50Us: at(0.5), p99Us: at(0.99) }),
    )
  },
  (error) => {
    process.stderr.write(`${error}\n`)
    process.exit(1)
  },
)
