/** The declarations for TypeScript from 5.4 on, and beside `@types/express-session` (T24). */
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { install, withoutNetwork } from './network'
import { type Packed, pack } from './packed'
import { type CompilerSettings, compile, type TypeCase, typedConsumer } from './types'

const THEIRS = '@types/express-session'

describe('applications in TypeScript', { skip: withoutNetwork }, () => {
  let packed: Packed
  let tools: string
  const folders: Record<string, string> = {}
  after(() => packed?.remove())

  before(() => {
    packed = pack()
    tools = install(join(packed.tarball, '../tools'), {
      [THEIRS]: '^1.18.0',
      'typescript-5.4': 'npm:typescript@~5.4.0',
      'typescript-5.9': 'npm:typescript@~5.9.0',
      'typescript-7': 'npm:typescript@^7.0.0',
    })
    const beside = { from: join(tools, 'node_modules'), packages: [THEIRS] }
    const cases: Record<string, TypeCase> = {
      own: { name: 'sojourn' },
      alias: { name: 'express-session' },
      beside: { name: 'sojourn', beside },
      leftBehind: { name: 'express-session', beside },
    }
    for (const [name, one] of Object.entries(cases))
      folders[name] = typedConsumer(packed, join(packed.tarball, '..', name), one)
  })

  function compiles(version: string, folder: string, settings: CompilerSettings): void {
    const compiler = join(tools, 'node_modules', `typescript-${version}`, 'bin/tsc')
    compile(folders[folder] ?? '', { ...settings, compiler })
  }

  for (const version of ['5.4', '5.9', '7']) {
    test(`TypeScript ${version}, as sojourn`, () => {
      compiles(version, 'own', { resolution: 'nodenext' })
      compiles(version, 'own', { resolution: 'bundler' })
    })
    test(`TypeScript ${version}, as express-session`, () => {
      compiles(version, 'alias', { resolution: 'nodenext' })
      compiles(version, 'alias', { resolution: 'bundler' })
    })
    test(`TypeScript ${version}, as sojourn beside ${THEIRS}: no TS2717, and data declared for sojourn`, () => {
      compiles(version, 'beside', { resolution: 'node16' })
    })
  }

  test('TypeScript 5.4 in a project of the old kind, as sojourn', () => {
    compiles('5.4', 'own', { resolution: 'node10' })
  })

  test('TypeScript 5.4 in a project of the old kind, as express-session', () => {
    compiles('5.4', 'alias', { resolution: 'node10' })
  })

  test(`as express-session with ${THEIRS} left behind, where declarations are not checked`, () => {
    compiles('5.9', 'leftBehind', { resolution: 'node16', libCheck: false })
  })
})
