'use strict'
// What `npm start` and `npm test` do first: the dependencies that package-lock.json names, then a build.
const { execFileSync } = require('node:child_process')
const { existsSync, readFileSync, rmSync } = require('node:fs')
const { join } = require('node:path')

const root = join(__dirname, '..')
const NODE_NEEDED = require('../package.json').engines.node.replace('>=', '')

function versionsIn(lockfile) {
  const path = join(root, lockfile)
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : {}
}

/** npm leaves a lockfile of what it installed. What is optional need not be there: it may be for another platform. */
function dependenciesAreThere() {
  const installed = versionsIn('node_modules/.package-lock.json')
  return Object.entries(versionsIn('package-lock.json'))
    .filter(([path, wanted]) => path !== '' && !wanted.optional)
    .every(([path, wanted]) => installed[path]?.version === wanted.version)
}

function npm(...args) {
  execFileSync('npm', args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' })
}

function isOlder(version, than) {
  const [a, b] = [version, than].map((text) => text.split('.').map(Number))
  return a[0] !== b[0] ? a[0] < b[0] : a[1] < b[1]
}

if (isOlder(process.versions.node, NODE_NEEDED)) {
  console.error(`sojourn needs Node.js ${NODE_NEEDED} or later; this is ${process.version}`)
  process.exit(1)
}
try {
  // What `npm ci` installs, without removing first what is there: `--no-save` takes the lock file's versions and
  // leaves it alone. Both want a lock file that names the optional packages of every platform, and no registry:
  // `npm install --package-lock-only --omit-lockfile-registry-resolved` without node_modules writes one.
  if (!dependenciesAreThere()) npm('install', '--no-save', '--include=dev', '--no-audit', '--no-fund')
  // Nothing of an older build may be left: what is in dist is what gets published.
  rmSync(join(root, 'dist'), { recursive: true, force: true })
  npm('run', '--silent', 'build')
} catch (error) {
  // npm has said already what went wrong.
  process.exit(error.status || 1)
}
