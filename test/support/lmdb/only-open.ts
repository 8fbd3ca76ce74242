// Makes a store, reads once, closes nothing: the process has to end by itself.
import { LmdbStore } from '../../../lib/store/lmdb'

const store = new LmdbStore({ path: process.argv[2] ?? '' })
store.get('nobody', (error, session) => console.log(error, session))
