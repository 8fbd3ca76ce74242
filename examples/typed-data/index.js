// Starts app.ts. tsx compiles it as it is loaded, since Node.js 20 knows no TypeScript.
require('tsx/cjs')
const listen = require('../listen')
const { app } = require('./app.ts')

listen(app, ['/add/apple', '/add/pear', '/add/apple'])
