'use strict'
// Preloaded, makes tests that import `lib/` get the same file compiled to JavaScript, in the folder that SOJOURN_COMPILED
// names: tests look into single modules, which the published package bundles. What is published is tested as packed.
const Module = require('node:module')
const { existsSync } = require('node:fs')
const { join, relative, sep } = require('node:path')

const root = join(__dirname, '..')
const lib = join(root, 'lib') + sep
const resolve = Module._resolveFilename

function built(path) {
  const file = join(process.env.SOJOURN_COMPILED, relative(lib, path)).replace(/\.ts$/, '.js')
  if (!existsSync(file)) throw new Error(`${file} is missing`)
  return file
}

Module._resolveFilename = function (...args) {
  const path = resolve.apply(this, args)
  return path.startsWith(lib) ? built(path) : path
}

process.on('exit', () => {
  const source = Object.keys(require.cache).find((path) => path.startsWith(lib))
  if (source) {
    console.error(`${source} was loaded instead of what was compiled`)
    process.exitCode = 1
  }
})
