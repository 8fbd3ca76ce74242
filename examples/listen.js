const { createServer } = require('node:http')

/** Serves on PORT; without one on 3000, or on any free port when that is taken. Prints the address. */
module.exports = function listen(handler) {
  const { PORT } = process.env
  const server = createServer(handler)
  server.once('error', (error) => {
    if (PORT || error.code !== 'EADDRINUSE') throw error
    server.listen(0)
  })
  server.once('listening', () => console.log(`http://localhost:${server.address().port}`))
  server.listen(PORT || 3000)
  return server
}
