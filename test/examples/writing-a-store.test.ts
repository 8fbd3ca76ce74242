/** What an author of a store does: hold it against the suite. */
import { testStore } from '../../lib/conformance/store/cases'

const MapStore = require('../../examples/writing-a-store')

testStore('MapStore, the example of a store', () => ({ store: new MapStore() }), {
  capabilities: ['touch', 'fineTime'],
})
