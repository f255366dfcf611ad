import { logTopics, type LogSourceOptions, type Topics } from '@logfold/core';
import { postgresLog } from './postgres-log.js';

/** Where the logs of services are. */
export interface PostgresTopicsOptions extends LogSourceOptions {
  /** The database that holds them all. For logs in several databases use `logTopics` over one `postgresLog` each. */
  readonly url: string;
  /** The schema of each service's log, by the service's name. */
  readonly services: Readonly<Record<string, string>>;
}

/** Topics that are read from the logs of their services. */
export interface PostgresTopics extends Topics {
  /** Ends the connections to all logs. Idempotent. */
  close(): Promise<void>;
}

/**
 * Services on one Postgres that hear each other without a broker: a topic belongs to the service that the first part of
 * its name names, and is read straight from its log. Each log is connected to when a topic of it is first read.
 * @throws InvalidDefinition for a topic of a service that is not among those given.
 * @example const topics = postgresTopics({ url, services: { inventory: 'inventory', ordering: 'ordering' } });
 */
export function postgresTopics({ url, services, ...options }: PostgresTopicsOptions): PostgresTopics {
  const logs = Object.entries(services).map(
    ([service, schema]) => [service, postgresLog({ service, url, schema })] as const,
  );
  return {
    ...logTopics(Object.fromEntries(logs), options),
    async close() {
      await Promise.all(logs.map(([, log]) => log.close()));
    },
  };
}
