import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'
import { SessionOptionError } from '../../base/errors'

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

function isLoopback(address: string): boolean {
  return LOOPBACK.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}

/**
 * Sessions are as good as passwords: without a password of its own a storage server is for this machine only.
 * A name is resolved first, so that the address which is checked is the one that is listened on.
 *
 * @returns the address to listen on
 * @throws ERR_SESSION_OPTION when it is not on the loopback interface and there is no password
 */
export async function addressToListenOn(host: string, hasPassword: boolean): Promise<string> {
  const address = isIP(host) !== 0 ? host : (await lookup(host)).address
  if (!hasPassword && !isLoopback(address)) {
    throw new SessionOptionError(
      `option requirepass: expected a password when listening beyond loopback (host ${host}), got none`,
    )
  }
  return address
}
