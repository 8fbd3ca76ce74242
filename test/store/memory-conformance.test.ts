import { MemoryBackend } from '../../lib/backend/memory/backend'
import { testBackend } from '../../lib/conformance/backend/cases'
import { testStore } from '../../lib/conformance/store/cases'
import { MemoryStore } from '../../lib/store/memory'

testBackend('MemoryBackend', () => ({ backend: new MemoryBackend() }), {
  capabilities: ['scan', 'owners', 'prune', 'close', 'follow', 'anyBody'],
})

testStore(
  'MemoryStore',
  () => {
    const store = new MemoryStore()
    return { store, close: () => store.close() }
  },
  {
    capabilities: ['touch', 'all', 'length', 'clear', 'close', 'promises', 'fineTime'],
    script: `
      const { MemoryStore } = require('./lib/store/memory')
      new MemoryStore().set('s', { cookie: {} })`,
  },
)
