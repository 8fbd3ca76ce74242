'use strict'
// Preloaded, makes tests that import `lib/` get the same file of `dist/`: the build is what gets published.
const Module = require('node:module')
const { existsSync } = require('node:fs')
const { join, relative, sep } = require('node:path')

const root = join(__dirname, '..')
const lib = join(root, 'lib') + sep
const resolve = Module._resolveFilename

function built(path) {
  const file = join(root, 'dist', relative(lib, path)).replace(/\.ts$/, '.js')
  if (!existsSync(file)) throw new Error(`${file} is missing: npm run build`)
  return file
}

Module._resolveFilename = function (...args) {
  const path = resolve.apply(this, args)
  return path.startsWith(lib) ? built(path) : path
}

process.on('exit', () => {
  const source = Object.keys(require.cache).find((path) => path.startsWith(lib))
  if (source) {
    console.error(`${source} was loaded instead of the build`)
    process.exitCode = 1
  }
})
