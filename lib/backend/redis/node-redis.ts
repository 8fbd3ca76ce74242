import { ignore } from '../../base/async'
import { type ClientEvents, Link, type RedisLink, type Send } from './link'

export interface Node extends ClientEvents {
  readonly isReady?: boolean
  readonly options?: { keyPrefix?: unknown }
  readonly _keyPrefix?: unknown
  sendCommand(args: string[], options: object): Promise<unknown>
}

/**
 * Plain strings, whatever the client maps replies to. No timer per command: node-redis 6 would start one for
 * every command, at 7 µs each, which is more than the rest of the command costs; the store has its own time-out.
 */
const PLAIN = Object.freeze({ timeout: undefined, typeMapping: undefined })

export class NodeRedisLink extends Link implements RedisLink {
  readonly keyPrefix: string
  readonly ordered: boolean
  readonly wait?: NonNullable<RedisLink['wait']>

  constructor(readonly client: Node) {
    const isPool = 'totalClients' in client
    super(!isPool)
    this.ordered = !isPool
    if (!isPool)
      this.wait = (key, replicas, limitMs) => this.send(key, ['WAIT', String(replicas), String(limitMs)])
    // A pool keeps its prefix to itself; only from version 6 on there is one.
    this.keyPrefix = String(client._keyPrefix ?? client.options?.keyPrefix ?? '')
    // An 'error' without a listener would end the process.
    client.on('error', (error) => this.isReady() || this.lost(error))
    client.on('end', () => this.lost())
    client.on('ready', () => this.found())
  }

  /** `sendCommand` leaves out the prefix that `client.get` puts there. */
  key(key: string): string {
    return this.keyPrefix + key
  }

  send(_key: string, args: string[]): Promise<unknown> {
    return this.refused() ?? this.untilLost(this.client.sendCommand(args, PLAIN))
  }

  async nodes(): Promise<Send[]> {
    return [(args) => this.send('', args)]
  }

  /** A pool does not say. */
  protected isReady(): boolean {
    return this.client.isReady !== false
  }
}

export interface NodeCluster extends ClientEvents {
  readonly masters: Iterable<unknown>
  readonly _keyPrefix?: unknown
  nodeClient(node: unknown): Node | Promise<Node>
  getNodeClientForKey?(key: string): Promise<Node>
  sendCommand(key: string, readOnly: boolean, args: string[], options: object): Promise<unknown>
}

export class NodeRedisClusterLink extends Link implements RedisLink {
  readonly ordered = false
  readonly keyPrefix: string

  constructor(readonly client: NodeCluster) {
    super(false)
    this.keyPrefix = String(client._keyPrefix ?? '')
    client.on('error', ignore)
  }

  key(key: string): string {
    return this.keyPrefix + key
  }

  /** Never as read-only: a replica may not have what was acknowledged a moment ago. */
  send(key: string, args: string[]): Promise<unknown> {
    return this.client.sendCommand(key, false, args, PLAIN)
  }

  /** Version 6 would send it to all masters. */
  async wait(key: string, replicas: number, limitMs: number): Promise<unknown> {
    const words = ['WAIT', String(replicas), String(limitMs)]
    if (!this.client.getNodeClientForKey) return this.send(key, words)
    return (await this.client.getNodeClientForKey(key)).sendCommand(words, PLAIN)
  }

  protected isReady(): boolean {
    return true
  }

  async nodes(): Promise<Send[]> {
    const clients = await Promise.all(Array.from(this.client.masters, (node) => this.client.nodeClient(node)))
    return clients.map((client) => (args: string[]) => client.sendCommand(args, PLAIN))
  }
}
