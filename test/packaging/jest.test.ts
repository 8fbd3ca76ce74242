/** Jest runs CommonJS and ES modules in ways of its own. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { install, withoutNetwork } from './network'
import { type Packed, pack, run } from './packed'

/** The oldest line that is supported: the one on which Jest cannot `require` ES modules. */
const OLDEST = 20

const BODY = `
  const { createServer } = require('node:http')

  class Mine extends Store {}

  test('counts views', async () => {
    expect(session.Store).toBe(Store)
    expect(new Mine()).toBeInstanceOf(Store)
    expect(new MemoryStore()).toBeInstanceOf(Store)
    const handle = session({ secret: 'x', resave: false, saveUninitialized: false })
    const server = createServer((req, res) => handle(req, res, () => res.end(String(++req.session.views || (req.session.views = 1)))))
    await new Promise((resolve) => server.listen(0, resolve))
    const url = 'http://localhost:' + server.address().port
    const first = await fetch(url)
    const second = await fetch(url, { headers: { cookie: first.headers.get('set-cookie').split(';')[0] } })
    expect([await first.text(), await second.text()]).toEqual(['1', '2'])
    await new Promise((resolve) => server.close(resolve))
  })`

describe('Jest 30', { skip: withoutNetwork }, () => {
  let packed: Packed
  after(() => packed?.remove())

  test('on Node.js 20, tests that require and tests that import', () => {
    packed = pack()
    const isOldest = process.versions.node.startsWith(`${OLDEST}.`)
    const binary = `node-${process.platform}-${process.arch}`
    const app = install(join(packed.tarball, '../jest'), {
      sojourn: `file:${packed.tarball}`,
      jest: '^30.0.0',
      ...(isOldest ? {} : { [binary]: `^${OLDEST}.19.0` }),
    })
    const node = isOldest ? process.execPath : join(app, 'node_modules', binary, 'bin/node')
    writeFileSync(
      join(app, 'required.test.cjs'),
      `const session = require('sojourn')\nconst { Store, MemoryStore } = session\n${BODY}`,
    )
    writeFileSync(
      join(app, 'imported.test.mjs'),
      `import { createRequire } from 'node:module'\nimport session, { Store, MemoryStore } from 'sojourn'\nconst require = createRequire(import.meta.url)\n${BODY}`,
    )
    run(app, node, [
      '--experimental-vm-modules',
      'node_modules/jest/bin/jest.js',
      '--json',
      '--outputFile=result.json',
    ])
    const { numPassedTests, numTotalTests } = require(join(app, 'result.json'))
    assert.deepEqual([numPassedTests, numTotalTests], [2, 2])
  })
})
