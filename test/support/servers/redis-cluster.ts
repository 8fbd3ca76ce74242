import { setTimeout as sleep } from 'node:timers/promises'
import { type RedisOptions, type RedisServer, startRedis } from './redis'

export interface RedisClusterOptions extends Omit<RedisOptions, 'cluster'> {
  /** After how long a silent master counts as failed. Default 1000 ms. */
  nodeTimeoutMs?: number
}

const SLOTS = 16_384
const MASTERS = 3

/** Three masters with a replica each. Who is what changes with a fail-over: ask the methods. */
export class RedisCluster {
  constructor(readonly nodes: readonly RedisServer[]) {}

  /** As the clients want them, to find the others from. */
  get rootNodes(): Array<{ host: string; port: number }> {
    return this.nodes.map(({ host, port }) => ({ host, port }))
  }

  /** The running node that is master for this key at present, as seen by the nodes that answer. */
  async masterOf(key: string): Promise<RedisServer> {
    const asked = this.nodes.find((node) => node.pid !== undefined)
    const slot = Number(await asked?.command('CLUSTER', 'KEYSLOT', key))
    for (const node of this.nodes) {
      if (node.pid === undefined) continue
      const me = (await nodesSeenBy(node)).find((line) => line.flags.includes('myself'))
      if (me?.flags.includes('master') && me.slots.some(([from, to]) => from <= slot && slot <= to))
        return node
    }
    throw new Error(`no running node is master of slot ${slot}`)
  }

  /** Resolves once every running node says that the cluster serves all slots. @throws after 20 s */
  async settled(): Promise<void> {
    await until('every node sees the whole cluster', async () => {
      for (const node of this.nodes) {
        if (node.pid === undefined) continue
        const info = String(await node.command('CLUSTER', 'INFO'))
        if (!info.includes('cluster_state:ok') || !info.includes(`cluster_slots_ok:${SLOTS}`)) return false
      }
      return true
    })
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()))
  }
}

export async function startRedisCluster(options: RedisClusterOptions = {}): Promise<RedisCluster> {
  const { nodeTimeoutMs = 1000, ...others } = options
  const started = await Promise.allSettled(
    Array.from({ length: 2 * MASTERS }, () =>
      startRedis({
        ...others,
        cluster: { nodeTimeoutMs },
        args: ['--repl-diskless-sync-delay', '0', ...(others.args ?? [])],
      }),
    ),
  )
  const nodes = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const cluster = new RedisCluster(nodes)
  try {
    for (const result of started) if (result.status === 'rejected') throw result.reason
    await join(cluster)
    return cluster
  } catch (error) {
    await cluster.stop()
    throw error
  }
}

async function join({ nodes }: RedisCluster): Promise<void> {
  const [first] = nodes
  if (first === undefined) throw new Error('a cluster without nodes')
  for (const [index, node] of nodes.entries()) {
    await node.command('CLUSTER', 'SET-CONFIG-EPOCH', `${index + 1}`)
    if (index >= MASTERS) continue
    const from = Math.ceil((index * SLOTS) / MASTERS)
    const to = Math.ceil(((index + 1) * SLOTS) / MASTERS)
    await node.command('CLUSTER', 'ADDSLOTS', ...Array.from({ length: to - from }, (_, i) => `${from + i}`))
  }
  for (const node of nodes.slice(1)) await first.command('CLUSTER', 'MEET', node.host, `${node.port}`)
  await until('all nodes know each other', async () => {
    const views = await Promise.all(nodes.map(nodesSeenBy))
    return views.every(
      (view) => view.length === nodes.length && view.every((n) => !n.flags.includes('handshake')),
    )
  })
  for (const [index, node] of nodes.entries()) {
    if (index < MASTERS) continue
    const master = nodes[index - MASTERS]
    if (master) await node.command('CLUSTER', 'REPLICATE', String(await master.command('CLUSTER', 'MYID')))
  }
  await until('replicas follow their masters', async () => {
    const infos = await Promise.all(nodes.slice(MASTERS).map((node) => node.command('INFO', 'replication')))
    const views = await Promise.all(nodes.map(nodesSeenBy))
    return (
      infos.every((info) => String(info).includes('master_link_status:up')) &&
      views.every((view) => view.filter((n) => n.flags.includes('slave')).length === nodes.length - MASTERS)
    )
  })
  await new RedisCluster(nodes).settled()
}

interface NodeLine {
  flags: string[]
  slots: Array<[from: number, to: number]>
}

/** `CLUSTER NODES`: id, address, flags, master, ping, pong, epoch, link, slots…; migrating slots stand in brackets. */
async function nodesSeenBy(node: RedisServer): Promise<NodeLine[]> {
  const lines = String(await node.command('CLUSTER', 'NODES'))
    .split('\n')
    .filter(Boolean)
  return lines.map((line) => {
    const words = line.split(' ')
    const slots = words.slice(8).filter((word) => /^\d/.test(word))
    return {
      flags: (words[2] ?? '').split(','),
      slots: slots.map((word) => {
        const [from, to = from] = word.split('-').map(Number)
        return [from ?? -1, to ?? -1]
      }),
    }
  })
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within 20 s: ${what}`)
    await sleep(30)
  }
}
