/** `npm i express-session@npm:sojourn` beside stores that were written for express-session (T4, T24). */
import assert from 'node:assert/strict'
import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { install, withoutNetwork } from './network'
import { type Packed, pack, ROOT, run } from './packed'

describe('as express-session, beside stores of the field', { skip: withoutNetwork }, () => {
  let packed: Packed
  let app: string
  after(() => packed?.remove())

  before(() => {
    packed = pack()
    app = install(join(packed.tarball, '../alias'), {
      // For a file, npm takes the name from here, as it does for `npm:sojourn`.
      'express-session': `file:${packed.tarball}`,
      'connect-pg-simple': '^10.0.0',
      'connect-redis': '^9.0.0',
      express: '^5.0.0',
      memorystore: '^1.6.0',
      redis: '^6.0.0',
      'session-file-store': '^1.5.0',
    })
  })

  test('npm has nothing against it', () => {
    const tree = JSON.parse(run(app, 'npm', ['ls', '--all', '--json']))
    assert.equal(tree.problems, undefined)
    assert.equal(tree.dependencies['express-session'].version, require(join(ROOT, 'package.json')).version)
    // No second express-session for one of the stores.
    assert.equal(
      run(app, 'find', ['.', '-type', 'd', '-name', 'express-session']).trim().split('\n').length,
      1,
    )
  })

  for (const store of ['connect-pg-simple', 'connect-redis', 'memorystore', 'session-file-store']) {
    test(`${store} makes stores of our Store class`, () => {
      mkdirSync(join(app, 'test'), { recursive: true })
      cpSync(join(ROOT, 'test/packaging/alias-app.cjs'), join(app, 'alias-app.cjs'))
      assert.equal(run(app, process.execPath, ['alias-app.cjs', store]).trim(), 'a Store of sojourn')
    })
  }

  for (const store of ['memorystore', 'session-file-store']) {
    test(`an application counts views with ${store}`, () => {
      assert.equal(run(app, process.execPath, ['alias-app.cjs', store, 'serve']).trim(), '1 2 3')
    })
  }
})
