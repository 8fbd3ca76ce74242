// Prunes as of a far future, saying so before each batch could be done.
import { LmdbBackend } from '../../../lib/store/lmdb'

const backend = new LmdbBackend({ path: process.argv[2] ?? '', pruneInterval: 0 })
backend.prune(Number(process.argv[3])).then((dropped) => console.log('dropped', dropped))
console.log('pruning')
