'use strict'
// Preloaded in place of tsx where many processes start: tests are CommonJS, so no loader thread and no service of
// esbuild's is wanted, only each file's JavaScript, which is kept in `node_modules/.cache` under a hash of its source.
const { createHash } = require('node:crypto')
const fs = require('node:fs')
const { dirname, join, relative } = require('node:path')

const root = join(__dirname, '..')
const folder = join(root, 'node_modules/.cache/sojourn-tests')
/** What a file becomes depends on these too. */
const RULES = { loader: 'ts', format: 'cjs', platform: 'node', target: 'node20', sourcemap: 'inline' }

let compiler
/** The one that tsx brings. */
function esbuild() {
  if (!compiler) {
    compiler = require(require.resolve('esbuild', { paths: [dirname(require.resolve('tsx/package.json'))] }))
    fs.mkdirSync(folder, { recursive: true })
  }
  return compiler
}

function compiled(path, source) {
  const name = relative(root, path)
  const hash = createHash('sha256')
    .update(`${require('esbuild/package.json').version} ${JSON.stringify(RULES)} ${name}\n`)
    .update(source)
  const kept = join(folder, `${hash.digest('base64url')}.js`)
  try {
    return fs.readFileSync(kept, 'utf8')
  } catch {
    const { code } = esbuild().transformSync(source, { ...RULES, sourcefile: path })
    // Another process may be about the same file: each sees it whole or not at all.
    const mine = `${kept}.${process.pid}`
    fs.writeFileSync(mine, code)
    fs.renameSync(mine, kept)
    return code
  }
}

process.setSourceMapsEnabled(true)
require.extensions['.ts'] = (module, path) => {
  module._compile(compiled(path, fs.readFileSync(path, 'utf8')), path)
}
