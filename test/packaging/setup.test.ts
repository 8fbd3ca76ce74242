/** What `npm start` and `npm test` do on a machine that has only Node.js and npm. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, describe, test } from 'node:test'
import { withoutNetwork } from './network'
import { ROOT, run } from './packed'

const folder = mkdtempSync(join(tmpdir(), 'sojourn-setup-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const INSTALL = 'install --no-save --include=dev --no-audit --no-fund'
const BUILD = 'run --silent build'

/** Runs the set-up of a project with the given lockfiles. @returns what it asked of npm */
function asked(name: string, installed: object | undefined, wanted: object, node = '>=20.0'): string[] {
  const project = join(folder, name)
  mkdirSync(join(project, 'node_modules'), { recursive: true })
  cpSync(join(ROOT, '.scripts'), join(project, '.scripts'), { recursive: true })
  writeFileSync(join(project, 'package.json'), JSON.stringify({ engines: { node } }))
  const lockfile = (path: string, packages: object) =>
    writeFileSync(join(project, path), JSON.stringify({ packages }))
  lockfile('package-lock.json', { '': {}, ...wanted })
  if (installed) lockfile('node_modules/.package-lock.json', installed)
  const log = join(project, 'log')
  writeFileSync(log, '')
  writeFileSync(join(project, 'npm'), `#!/bin/sh\necho "$@" >> '${log}'\n`, { mode: 0o755 })
  run(project, process.execPath, ['.scripts/setup.cjs'], { PATH: `${project}:${process.env['PATH']}` })
  return readFileSync(log, 'utf8').trim().split('\n')
}

const express = (version: string) => ({ 'node_modules/express': { version } })

describe('the set-up', () => {
  test('installs what the lockfile names, and builds', () => {
    assert.deepEqual(asked('missing', undefined, express('5.0.0')), [INSTALL, BUILD])
  })

  test('installs again when the lockfile names another version', () => {
    assert.deepEqual(asked('stale', express('5.0.0'), express('5.1.0')), [INSTALL, BUILD])
  })

  test('only builds when everything is there; what is optional may be for another platform', () => {
    const wanted = { ...express('5.0.0'), 'node_modules/other': { version: '1.0.0', optional: true } }
    assert.deepEqual(asked('ready', express('5.0.0'), wanted), [BUILD])
  })

  test('leaves nothing of an older build', () => {
    mkdirSync(join(folder, 'older/dist'), { recursive: true })
    writeFileSync(join(folder, 'older/dist/left.js'), '')
    asked('older', express('5.0.0'), express('5.0.0'))
    assert.throws(() => readFileSync(join(folder, 'older/dist/left.js')), /ENOENT/)
  })

  test('says which Node.js it needs', () => {
    assert.throws(() => asked('future', undefined, {}, '>=99.1'), /sojourn needs Node.js 99.1 or later/)
  })
})

describe('npm ci', () => {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))

  test('takes the lock file', () => {
    const project = join(folder, 'ci')
    mkdirSync(project)
    for (const file of ['package.json', 'package-lock.json']) cpSync(join(ROOT, file), join(project, file))
    const printed = run(project, 'npm', ['ci', '--dry-run', '--offline', '--ignore-scripts', '--no-audit'])
    assert.match(printed, /added \d+ packages/)
  })

  test('finds the optional packages of every platform in it, as some versions of npm demand', () => {
    const missing: string[] = []
    for (const [path, { optionalDependencies = {} }] of Object.entries<any>(packages)) {
      for (const name of Object.keys(optionalDependencies)) {
        if (!placesFor(path, name).some((place) => place in packages)) missing.push(`${path} wants ${name}`)
      }
    }
    assert.deepEqual(missing, [])
  })

  test('finds no registry in it: each machine has its own', () => {
    const resolved = Object.keys(packages).filter((path) => packages[path].resolved !== undefined)
    assert.deepEqual(resolved, [])
  })
})

/** Where Node.js would look for a package, from a package on. */
function placesFor(path: string, name: string): string[] {
  const place = `${path && `${path}/`}node_modules/${name}`
  const above = path.lastIndexOf('node_modules/')
  return path === '' ? [place] : [place, ...placesFor(path.slice(0, Math.max(above - 1, 0)), name)]
}

describe('a fresh clone', { skip: withoutNetwork }, () => {
  test('npm start installs, builds and serves the view counter', async (t) => {
    const clone = join(folder, 'clone')
    run(folder, 'git', ['clone', '--quiet', ROOT, clone])
    const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...env } = process.env
    // A process group of its own, because npm does not pass signals on through its shell.
    const npm = spawn('npm', ['start'], { cwd: clone, env: { ...env, PORT: '0' }, detached: true })
    t.after(() => process.kill(-(npm.pid as number), 'SIGKILL'))
    const printed: string[] = []
    npm.stderr.on('data', (chunk) => printed.push(String(chunk)))
    let address: string | undefined
    for await (const line of createInterface(npm.stdout)) {
      printed.push(line)
      address = /http:\/\/localhost:\d+/.exec(line)?.[0]
      if (address) break
    }
    assert.ok(address, printed.join('\n'))
    const first = await fetch(address)
    const cookie = first.headers.get('set-cookie')?.split(';')[0] ?? ''
    assert.match(await first.text(), /views/)
    assert.match(await (await fetch(address, { headers: { cookie } })).text(), /views: <strong>2<\/strong>/)
  })
})
