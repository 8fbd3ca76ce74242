import { badOption } from '../../base/errors'
import { type ClientEvents, Link, type RedisLink, type Send } from './link'

export interface Io extends ClientEvents {
  readonly status: string
  readonly options?: { keyPrefix?: unknown; scaleReads?: unknown }
  call(...args: string[]): Promise<unknown>
}

export class IoRedisLink extends Link implements RedisLink {
  readonly ordered: boolean = true
  readonly keyPrefix: string
  #cause: unknown

  constructor(
    readonly client: Io,
    asAWhole = true,
  ) {
    super(asAWhole)
    this.keyPrefix = String(client.options?.keyPrefix ?? '')
    client.on('error', (error) => {
      this.#cause = error
    })
    client.on('close', () => this.lost(this.#cause))
    client.on('end', () => this.lost(this.#cause))
    client.on('ready', () => this.found())
  }

  /** ioredis puts its prefix before the keys of every command itself. */
  key(key: string): string {
    return key
  }

  send(_key: string, args: string[]): Promise<unknown> {
    return this.refused() ?? this.client.call(...args)
  }

  wait(key: string, replicas: number, limitMs: number): Promise<unknown> {
    return this.send(key, ['WAIT', String(replicas), String(limitMs)])
  }

  nodes(): Promise<Send[]> {
    return Promise.resolve([(args) => this.send('', args)])
  }

  protected isReady(): boolean {
    return this.client.status === 'ready'
  }
}

export interface IoCluster extends Io {
  nodes(role: 'all' | 'master'): Io[]
  pipeline(commands: string[][]): { exec(): Promise<Array<[error: unknown, answer: unknown]>> }
}

export class IoRedisClusterLink extends IoRedisLink {
  override readonly ordered = false
  readonly #cluster: IoCluster

  constructor(client: IoCluster) {
    super(client, false)
    this.#cluster = client
    const scaleReads = client.options?.scaleReads ?? 'master'
    if (scaleReads !== 'master')
      badOption('client', "a Cluster with scaleReads: 'master', as replicas lag behind", scaleReads)
    for (const node of client.nodes('all')) this.#follow(node)
    client.on('+node', (node) => this.#follow(node as Io))
  }

  #follow(node: Io): void {
    node.on('close', () => {
      this.losses++
    })
  }

  /** By itself it would go to any node; a pipeline goes where its first key is. */
  override async wait(key: string, replicas: number, limitMs: number): Promise<unknown> {
    const words = ['wait', String(replicas), String(limitMs)]
    const [, [error, answer] = []] = await this.#cluster.pipeline([['exists', key], words]).exec()
    if (error) throw error
    return answer
  }

  override async nodes(): Promise<Send[]> {
    return this.#cluster.nodes('master').map((node) => (args: string[]) => node.call(...args))
  }
}
