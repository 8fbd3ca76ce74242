import { connect } from 'node:net'

export type RespReply = string | number | null | Error | RespReply[]

/**
 * One Redis command on a connection of its own, for setting scenes and for looking behind the back of the code
 * under test. @throws the server's error reply, or that of the connection
 */
export async function respCommand(
  address: { port: number; host?: string } | { path: string },
  command: readonly string[],
  password?: string,
): Promise<RespReply> {
  const commands = password === undefined ? [command] : [['AUTH', password], command]
  const socket = connect(address)
  socket.setTimeout(5000, () => socket.destroy(new Error(`no reply to ${command[0]} within 5 s`)))
  socket.write(commands.map(encode).join(''))
  let received = Buffer.alloc(0)
  const replies: RespReply[] = []
  try {
    for await (const chunk of socket) {
      received = Buffer.concat([received, chunk])
      for (let parsed = parse(received, 0); parsed; parsed = parse(received, 0)) {
        replies.push(parsed.reply)
        received = received.subarray(parsed.end)
      }
      if (replies.length >= commands.length) break
    }
  } finally {
    socket.destroy()
  }
  const failure = replies.find((reply) => reply instanceof Error)
  if (failure) throw failure
  const last = replies[commands.length - 1]
  if (last === undefined) throw new Error(`the connection ended before the reply to ${command[0]}`)
  return last
}

function encode(command: readonly string[]): string {
  return `*${command.length}\r\n${command.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`
}

/** @returns undefined while the reply that starts at `start` is incomplete */
function parse(bytes: Buffer, start: number): { reply: RespReply; end: number } | undefined {
  const lineEnd = bytes.indexOf('\r\n', start)
  if (lineEnd < 0) return undefined
  const line = bytes.toString('utf8', start + 1, lineEnd)
  const next = lineEnd + 2
  switch (bytes.toString('latin1', start, start + 1)) {
    case '+':
      return { reply: line, end: next }
    case '-':
      return { reply: new Error(line), end: next }
    case ':':
      return { reply: Number(line), end: next }
    case '$': {
      const length = Number(line)
      if (length < 0) return { reply: null, end: next }
      if (bytes.length < next + length + 2) return undefined
      return { reply: bytes.toString('utf8', next, next + length), end: next + length + 2 }
    }
    case '*': {
      const items: RespReply[] = []
      let end = next
      for (let i = 0; i < Number(line); i++) {
        const item = parse(bytes, end)
        if (item === undefined) return undefined
        items.push(item.reply)
        end = item.end
      }
      return { reply: items, end }
    }
    default:
      throw new Error(`not a RESP2 reply: ${JSON.stringify(line)}`)
  }
}
