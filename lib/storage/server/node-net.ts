/** `node:net` and `node:tls`, loaded when there is something to connect: a cold process takes long for them. */
export const nodeNet = (): typeof import('node:net') => require('node:net')
export const nodeTls = (): typeof import('node:tls') => require('node:tls')
