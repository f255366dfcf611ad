import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DevServiceError } from './errors.js';
import { serverProperties, type Layout, type NodePorts } from './kafka-config.js';
import type { Jvm } from './kafka-jvm.js';
import { lastWords, nodeDirectories, pidOfNode, signalNode, spawnNode } from './kafka-node.js';
import { untilReady } from './kafka-ready.js';
import { freePorts } from './ports.js';
import { runToEnd, serverEnvironment } from './programs.js';

/** How many nodes a cluster has: one, or three of which one may fail. */
export type ClusterSize = 1 | 3;

/** One formatted Kafka: the directories of its nodes, and the ports that they had or have. */
export interface KafkaCluster {
  directory: string;
  layout: Layout;
  jvm: Jvm;
}

const attempts = 3;
const gracefulMs = 20_000;

/**
 * The cluster at `place`, formatted when there is none. That happens in a directory beside it which gets its name at
 * the end, so one that was interrupted leaves nothing half made. To be called under the lock of `place`.
 *
 * @throws DevServiceError `initialise-failed`
 */
export async function openKafka(place: string, size: ClusterSize, jvm: Jvm): Promise<KafkaCluster> {
  const directory = join(place, 'cluster');
  for (const name of readdirSync(place)) {
    if (name.startsWith('cluster.new-')) rmSync(join(place, name), { recursive: true, force: true, maxRetries: 5 });
  }
  if (!existsSync(directory)) {
    const side = join(place, `cluster.new-${randomUUID()}`);
    const clusterId = `A${randomBytes(15).toString('base64url')}A`.slice(0, 22);
    const layout: Layout = { clusterId, nodes: nodesAt(await freePorts(2 * size)) };
    for (const { id } of layout.nodes) mkdirSync(join(side, `node-${id}`), { recursive: true, mode: 0o700 });
    writeLayout(side, layout);
    await Promise.all(nodeDirectories(side).map((node) => format(node, clusterId, jvm)));
    renameSync(side, directory);
  }
  return { directory, layout: JSON.parse(readFileSync(join(directory, 'layout.json'), 'utf8')) as Layout, jvm };
}

async function format(node: string, clusterId: string, jvm: Jvm): Promise<void> {
  const properties = join(node, 'server.properties');
  const args = [...jvm.args, 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', properties];
  const { outcome, said } = await runToEnd(jvm.program, args, { env: serverEnvironment() });
  if (outcome !== 0) throw new DevServiceError('initialise-failed', `Kafka's format ended with ${outcome}: ${said}`);
}

/**
 * Starts the nodes that do not run, and waits until the cluster commits. Says whether some ran already.
 * A port may be lost to another process between the choice and the start: hence several attempts.
 *
 * @throws DevServiceError `start-failed`, with the last words of a node that ended
 */
export async function launchKafka(cluster: KafkaCluster, proxies: readonly number[] = []): Promise<boolean> {
  const nodes = nodeDirectories(cluster.directory);
  const adopted = nodes.some(pidOfNode);
  for (let attempt = 1; ; attempt++) {
    if (!adopted) await choosePorts(cluster, proxies, attempt > 1);
    const started = nodes.filter((node) => !pidOfNode(node));
    for (const node of started) spawnNode(node, cluster.jvm, node === nodes[0] ? cluster.jvm.recording : []);
    try {
      await untilReady(awaited(cluster), () => checkRunning(nodes));
      if (started.includes(nodes[0]!)) cluster.jvm.archiveClasses();
      return adopted;
    } catch (error) {
      const someEnded = nodes.some((node) => !pidOfNode(node));
      await Promise.all(started.map((node) => signalNode(node, 'SIGKILL')));
      if (!someEnded || adopted || attempt === attempts) throw error;
    }
  }
}

/**
 * Starts one node again, if it does not run, and waits until it takes part. When less than half of the
 * nodes run with it there is nothing to take part in, and nothing is waited for.
 */
export async function restartNode(cluster: KafkaCluster, id: number): Promise<void> {
  const nodes = nodeDirectories(cluster.directory);
  const node = nodes[id - 1]!;
  if (!pidOfNode(node)) spawnNode(node, cluster.jvm);
  if (2 * nodes.filter(pidOfNode).length <= nodes.length) return;
  await untilReady(
    awaited(cluster).filter((one) => one.id === id),
    () => checkRunning([node]),
  );
}

/**
 * Ends all nodes in good order: each hands its partitions over first. Where it cannot, as the others are gone,
 * it is killed after 20 s, and its next start recovers.
 */
export async function stopKafka({ directory }: KafkaCluster): Promise<void> {
  const nodes = nodeDirectories(directory);
  await Promise.allSettled(nodes.map((node) => signalNode(node, 'SIGTERM', gracefulMs)));
  await Promise.all(nodes.map((node) => signalNode(node, 'SIGKILL')));
}

async function choosePorts(cluster: KafkaCluster, proxies: readonly number[], others: boolean): Promise<void> {
  const { clusterId, nodes } = cluster.layout;
  const before = nodes.flatMap(({ broker, controller }) => [broker, controller]);
  const ports = await freePorts(2 * nodes.length + proxies.length, others ? [] : before);
  const chosen = nodesAt(ports.slice(0, 2 * nodes.length)).map((node, n) => {
    const advertised = proxies[n];
    return advertised === undefined
      ? node
      : { ...node, proxied: { listens: ports[2 * nodes.length + n]!, advertised } };
  });
  cluster.layout = { clusterId, nodes: chosen };
  writeLayout(cluster.directory, cluster.layout);
}

function nodesAt(ports: readonly number[]): NodePorts[] {
  const pairs = Array.from({ length: ports.length / 2 }, (_, n) => ports.slice(2 * n, 2 * n + 2) as [number, number]);
  return pairs.map(([broker, controller], n) => ({ id: n + 1, broker, controller }));
}

function writeLayout(directory: string, layout: Layout): void {
  writeFileSync(join(directory, 'layout.json.new'), JSON.stringify(layout));
  renameSync(join(directory, 'layout.json.new'), join(directory, 'layout.json'));
  for (const ports of layout.nodes) {
    const node = join(directory, `node-${ports.id}`);
    writeFileSync(join(node, 'server.properties'), serverProperties(ports, layout, join(node, 'data')));
  }
}

function awaited({ layout }: KafkaCluster): { id: number; port: number }[] {
  return layout.nodes.map(({ id, broker }) => ({ id, port: broker }));
}

function checkRunning(nodes: readonly string[]): void {
  const ended = nodes.find((node) => !pidOfNode(node));
  if (ended)
    throw new DevServiceError('start-failed', `Kafka in ${ended} ended, see kafka.log there:\n${lastWords(ended)}`);
}
