import { testBackend } from '../../lib/conformance/backend'
import { testStore } from '../../lib/conformance/store'
import { MemoryStore } from '../../lib/store/memory'
import { MemoryBackend } from '../../lib/store/memory-backend'

testBackend('MemoryBackend', () => ({ backend: new MemoryBackend() }), {
  capabilities: ['scan', 'owners', 'prune', 'close', 'anyBody'],
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
