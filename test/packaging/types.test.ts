/** What applications in TypeScript may write: `test/types/consumer`, compiled against the packed declarations. */
import { join } from 'node:path'
import { after, test } from 'node:test'
import { pack } from './packed'
import { compile, typedConsumer } from './types'

const packed = pack()
after(() => packed.remove())

test('applications compile that have it as sojourn', () => {
  const folder = typedConsumer(packed, join(packed.tarball, '../own'), { name: 'sojourn' })
  compile(folder, { resolution: 'node16' })
})

test('applications compile that have it as express-session', () => {
  const folder = typedConsumer(packed, join(packed.tarball, '../alias'), { name: 'express-session' })
  compile(folder, { resolution: 'bundler' })
})
