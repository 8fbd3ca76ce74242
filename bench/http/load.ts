/** The load: `load.ts PORT CONNECTIONS MS COOKIE?`. Keeps each connection busy with one request at a time. */
import net from 'node:net'

const [port = '', connections = '', ms = '', cookie] = process.argv.slice(2)
const request = Buffer.from(
  `GET / HTTP/1.1\r\nHost: localhost\r\n${cookie ? `Cookie: ${cookie}\r\n` : ''}Connection: keep-alive\r\n\r\n`,
)
const latenciesUs: number[] = []
let running = true
let done = 0

function worker(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(port), '127.0.0.1')
    socket.setNoDelay(true)
    let since = 0
    let answer = ''
    const send = () => {
      since = performance.now()
      answer = ''
      socket.write(request)
    }
    socket.on('connect', send)
    socket.on('error', reject)
    socket.on('data', (data) => {
      answer += data.toString('latin1')
      // A body of known length, or the last chunk of a chunked one, as express-session sends it.
      if (!answer.endsWith('\r\n\r\nok') && !answer.endsWith('\r\n0\r\n\r\n')) return
      if (!answer.startsWith('HTTP/1.1 200')) reject(new Error(answer.slice(0, 200)))
      done++
      if (done % 16 === 0) latenciesUs.push((performance.now() - since) * 1000)
      if (running) send()
      else {
        socket.destroy()
        resolve()
      }
    })
  })
}

const started = performance.now()
setTimeout(() => {
  running = false
}, Number(ms))
Promise.all(Array.from({ length: Number(connections) }, worker)).then(
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
