import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'

const LIB = join(__dirname, '..', '..', 'lib')

function linesOf(folder: string): string[] {
  return readdirSync(join(LIB, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return linesOf(path)
    return readFileSync(join(LIB, path), 'utf8')
      .split('\n')
      .map((line, index) => `${path}:${index + 1}: ${line.trim()}`)
  })
}

describe('what is used of requests and responses', () => {
  it('is public: no member that begins with an underscore, so that HTTP/2 and later Nodes work', () => {
    const used = linesOf('').filter((line) =>
      /\b(res|req|request|response|socket|this\.\w+)\??\._\w/.test(line),
    )
    assert.deepEqual(used, [])
  })

  it('is not reached by its name as a text either', () => {
    const names = /['"`](_header|_implicitHeader|_headerSent|_headers|_send|_writeRaw|_hasBody)['"`]/
    assert.deepEqual(
      linesOf('').filter((line) => names.test(line)),
      [],
    )
  })
})
