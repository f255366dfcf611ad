import type { Handler } from './handler.js';
import type { Database } from './database.js';
import type { Decider } from './decider.js';
import type { Logfold, LogfoldOptions } from './logfold.js';
import type { SubscriptionHandler } from './subscription.js';
import type { Topics } from './topic.js';

/**
 * Watches a service from outside, for traces and metrics: each function is given what the service would use, and answers
 * what it uses instead. What it answers must do the same, and may only look and add metadata.
 */
export interface Instrumentation {
  /** Around the ports of the database, of which the log's appends are the first. */
  database<Tx>(database: Database<Tx>): Database<Tx>;
  /** Around what sends the log to its topics. */
  topics(topics: Topics, service: string): Topics;
  /** Around the handler of a decider: also of commands that process managers send. */
  handler(handler: Handler, about: { readonly service: string; readonly decider: Decider }): Handler;
  /** Around what a subscription does with a batch of events. */
  subscription<Tx>(
    handler: SubscriptionHandler<Tx>,
    about: { readonly service: string; readonly name: string },
  ): SubscriptionHandler<Tx>;
  /** Told by readers of topics of what is no error: a gap that was healed, a foreign record. Whoever makes the topics passes it on. */
  alarm(service: string, alarm: { readonly kind: string; readonly topic: string }): void;
  /** Called when the service has started, with what it may be asked from then on; the answer is called when it stops. */
  observe(service: Logfold): () => void;
}

/** The options with the ports as the instrumentation wants them; the same options without one. */
export function instrumented(options: LogfoldOptions): LogfoldOptions {
  const { instrumentation, database, topics } = options;
  if (!instrumentation) return options;
  const wrapped = topics && instrumentation.topics(topics, database.service);
  return { ...options, database: instrumentation.database(database), ...(wrapped ? { topics: wrapped } : {}) };
}

/** The handler of a subscription as the instrumentation wants it. */
export function watched<Tx>(
  { instrumentation, database }: Pick<LogfoldOptions, 'instrumentation' | 'database'>,
  name: string,
  handler: SubscriptionHandler<Tx>,
): SubscriptionHandler<Tx> {
  return instrumentation?.subscription(handler, { service: database.service, name }) ?? handler;
}
