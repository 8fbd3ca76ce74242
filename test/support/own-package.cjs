// Preload: `require('sojourn')` and its subpaths are the sources, so that examples run before a build.
const Module = require('node:module')
const { join } = require('node:path')

const lib = join(__dirname, '../../lib')
const SUBPATHS = {
  lmdb: 'store/lmdb',
  redis: 'store/redis',
  postgres: 'store/postgres',
  backend: 'store/backend',
}
const resolve = Module._resolveFilename

Module._resolveFilename = function (request, ...rest) {
  const [name, subpath, ...more] = request.split('/')
  if (name !== 'sojourn' || more.length > 0) return resolve.call(this, request, ...rest)
  const path = subpath === undefined ? 'index' : (SUBPATHS[subpath] ?? `${subpath}/index`)
  return resolve.call(this, join(lib, path), ...rest)
}
