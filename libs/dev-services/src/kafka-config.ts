/** The ports of one node, all on the loopback. */
export interface NodePorts {
  id: number;
  broker: number;
  controller: number;
  /** For tests that break connections: what connects here is told to go on at the port of the proxy. */
  proxied?: { listens: number; advertised: number };
}

/** The nodes of a cluster: each one is broker and controller. */
export interface Layout {
  /** 22 characters of base64, not beginning with a dash: how a node tells that it talks to one of its own cluster. */
  clusterId: string;
  nodes: NodePorts[];
}

/**
 * The server.properties of one node. Internal topics are small, since each partition costs a directory and start-up time.
 * Three nodes replicate to all and acknowledge with two. A node that was killed is missed after `broker.session.timeout.ms`,
 * and its restart waits for that: by default it would be 9 s.
 *
 * @see https://kafka.apache.org/documentation/#configuration
 */
export function serverProperties(node: NodePorts, { nodes }: Layout, data: string): string {
  const replicas = nodes.length;
  const inSync = Math.min(2, replicas);
  const listeners = [`PLAINTEXT://127.0.0.1:${node.broker}`];
  const advertised = [...listeners];
  if (node.proxied) {
    listeners.push(`PROXIED://127.0.0.1:${node.proxied.listens}`);
    advertised.push(`PROXIED://127.0.0.1:${node.proxied.advertised}`);
  }
  const properties: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': node.id,
    'controller.quorum.voters': nodes.map(({ id, controller }) => `${id}@127.0.0.1:${controller}`).join(','),
    listeners: [...listeners, `CONTROLLER://127.0.0.1:${node.controller}`].join(','),
    'advertised.listeners': advertised.join(','),
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': data.replaceAll('\\', '/'),
    'auto.create.topics.enable': false,
    'unclean.leader.election.enable': false,
    'default.replication.factor': replicas,
    'min.insync.replicas': inSync,
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSync,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': inSync,
    'share.coordinator.state.topic.num.partitions': 1,
    'group.initial.rebalance.delay.ms': 0,
    'num.network.threads': 2,
    'num.io.threads': 4,
    'background.threads': 2,
    'log.cleaner.dedupe.buffer.size': 2_097_152,
    'log.cleaner.backoff.ms': 500, // between two looks for what can be compacted: 15 s by default
    'broker.session.timeout.ms': replicas > 1 ? 3_000 : 2_000,
    'broker.heartbeat.interval.ms': replicas > 1 ? 500 : 400,
  };
  const lines = Object.entries(properties).map(([name, value]) => `${name}=${value}`);
  return `${lines.join('\n')}\n`;
}
