/** Runs a command of `sojourn` in this process, as on a machine without a terminal. */
import { Writable } from 'node:stream'
import { runCommand } from '../../lib/cli/run'
import { terminalOf } from '../../lib/cli/terminal'

export interface Ran {
  code: number
  out: string
  err: string
}

export async function sojourn(words: readonly string[], signal = new AbortController().signal): Promise<Ran> {
  const [out, err] = [new Sink(), new Sink()]
  const code = await runCommand(
    words,
    terminalOf(out, err, () => signal),
  )
  return { code, out: out.text, err: err.text }
}

class Sink extends Writable {
  text = ''

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += String(chunk)
    done()
  }
}
