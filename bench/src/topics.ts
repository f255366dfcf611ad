import {
  logfold,
  type Database,
  type Definition,
  type Logfold,
  type LogfoldOptions,
  type Publisher,
  type Source,
  type Topics,
} from '@logfold/core';
import { kafkaTopics } from '@logfold/kafka';
import { PARTITIONS, type Cluster } from './cluster.js';

/** Told of what our loops do, so that their work can be timed. Costs a call per batch. */
export interface Watch {
  /** A session can send from now on. */
  onBegun?(): void;
  /** So many records were committed to the topics, in one transaction. */
  onPublished?(count: number): void;
  /** So many events were read, and are about to be handled. */
  onRead?(count: number): void;
  /** So many events were handled, and the transaction was committed. */
  onHandled?(count: number): void;
}

/** Our topics on a cluster, watched. */
export function watchedTopics(cluster: Cluster, service: string, watch: Watch = {}): Topics {
  const { publisher, source } = kafkaTopics({ brokers: cluster.brokers, groupPrefix: service });
  return {
    ...(publisher ? { publisher: watchedPublisher(publisher, watch) } : {}),
    source: (topic) => watchedSource(source(topic), watch),
  };
}

/** A publisher, watched. */
export function watchedPublisher(publisher: Publisher, watch: Watch): Publisher {
  return {
    async begin(options) {
      const session = await publisher.begin(options);
      watch.onBegun?.();
      return {
        partitions: session.partitions,
        async publish(records) {
          const count = await session.publish(records);
          watch.onPublished?.(count);
          return count;
        },
        recordsBehind: (...range) => session.recordsBehind(...range),
        close: () => session.close(),
      };
    },
  };
}

/** A batch has been handled when the next one is asked for. */
function watchedSource(source: Source, watch: Watch): Source {
  return {
    name: source.name,
    shared: source.shared,
    ends: (signal) => source.ends(signal),
    async *read(options) {
      for await (const batch of source.read(options)) {
        watch.onRead?.(batch.events.length);
        yield batch;
        watch.onHandled?.(batch.events.length);
      }
    },
  };
}

/** A service as a user puts it together, that ends the run when one of its loops complains. */
export function service(
  database: Database<any>,
  definitions: readonly Definition[],
  topics: Topics,
  options: Pick<LogfoldOptions, 'run' | 'instrumentation'>,
): { readonly logfold: Logfold; readonly failed: Promise<never> } {
  let fail!: (error: unknown) => void;
  const failed = new Promise<never>((_, reject) => (fail = reject));
  failed.catch(() => {}); // whoever races with it hears of it
  const runner = { onError: fail };
  return { logfold: logfold({ database, definitions, topics, runner, ...options }), failed };
}

/** Resolves when so many were counted. */
export function countdown(count: number): { readonly done: Promise<void>; take(taken: number): void } {
  let left = count;
  let finish!: () => void;
  const done = new Promise<void>((resolve) => (finish = resolve));
  return {
    done,
    take(taken) {
      left -= taken;
      if (left <= 0) finish();
    },
  };
}

const LOOK_EVERY_MS = 20;

/** Resolves when a subscription of this database has its partitions and knows where to begin. */
export async function joined({ checkpoints }: Database<any>): Promise<void> {
  while ((await checkpoints.list()).length < PARTITIONS)
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
}
