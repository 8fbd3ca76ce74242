// node --test examples/writing-a-backend
const { mkdtempSync, rmSync } = require('node:fs')
const { testBackend } = require('sojourn/conformance')
const { SqliteBackend } = require('.')

function open(folder = mkdtempSync(`${require('node:os').tmpdir()}/sojourn-`), path = `${folder}/sessions`) {
  const close = () => rmSync(folder, { recursive: true })
  return { backend: new SqliteBackend(path), reopen: () => new SqliteBackend(path), close }
}
testBackend('SqliteBackend', open, { capabilities: ['scan', 'prune', 'close', 'shared', 'durable'] })
