import { SessionOptionError } from '../../base/errors'
import { nodeNet } from './node-net'

function isLoopback(address: string): boolean {
  const { BlockList, isIP } = nodeNet()
  const loopback = new BlockList()
  loopback.addSubnet('127.0.0.0', 8, 'ipv4')
  loopback.addAddress('::1', 'ipv6')
  return loopback.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}

/**
 * Sessions are as good as passwords: without a password of its own a storage server is for this machine only.
 * A name is resolved first, so that the address which is checked is the one that is listened on.
 *
 * @returns the address to listen on
 * @throws ERR_SESSION_OPTION when it is not on the loopback interface and there is no password
 */
export async function addressToListenOn(host: string, hasPassword: boolean): Promise<string> {
  const { lookup } = require('node:dns/promises') as typeof import('node:dns/promises')
  const address = nodeNet().isIP(host) !== 0 ? host : (await lookup(host)).address
  if (!hasPassword && !isLoopback(address)) {
    throw new SessionOptionError(
      `option requirepass: expected a password when listening beyond loopback (host ${host}), got none`,
    )
  }
  return address
}
