let http: typeof import('node:http') | undefined

/** `node:http`, loaded when it is needed: an application may load its sessions long before its server. */
export function nodeHttp(): typeof import('node:http') {
  http ??= require('node:http') as typeof import('node:http')
  return http
}
