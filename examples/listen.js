const { createServer } = require('node:http')
const { tmpdir } = require('node:os')
const { join } = require('node:path')

/**
 * Serves on PORT; without one on 3000, or on any free port when that is taken. Prints the address, and below it what
 * to try: `tries` are paths, each with what curl takes in front of it. A page needs none.
 */
function listen(handler, tries = []) {
  const { PORT } = process.env
  const server = createServer(handler)
  server.once('error', (error) => {
    if (PORT || error.code !== 'EADDRINUSE') throw error
    server.listen(0)
  })
  server.once('listening', () => {
    const { port } = server.address()
    console.log([`http://localhost:${port}`, ...linesToTry(port, tries)].join('\n'))
  })
  server.listen(PORT || 3000)
  return server
}

/** Commands for a shell that keep the cookie from one to the next, as a browser does. */
function linesToTry(port, tries) {
  const jar = join(tmpdir(), 'sojourn-cookies')
  return tries.map((each) => {
    const [, before, path] = /^(.* )?(\S+)$/.exec(each)
    return `  curl -b ${jar} -c ${jar} ${before ?? ''}http://localhost:${port}${path}`
  })
}

module.exports = listen
module.exports.linesToTry = linesToTry
