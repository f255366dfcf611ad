import { Logger } from '@nestjs/common';
import {
  logTopics,
  type Database,
  type LogfoldOptions,
  type ReadableLog,
  type Source,
  type Topics,
} from '@logfold/core';
import { postgresDatabase } from '@logfold/postgres';
import type { LogfoldModuleOptions } from './options.js';
import { alarmLog, ignoredLog, lostLog, parkedLog, rebuildLog, runnerLog } from './runner-log.js';

/** The database of a service, not opened yet. */
export function databaseOf({ service, database, schema }: LogfoldModuleOptions): Database<any> {
  if (typeof database !== 'string') return database;
  return postgresDatabase({ service, url: database, ...(schema === undefined ? {} : { schema }) });
}

/**
 * What core needs to know of a service.
 * @param logs those of all services of the process
 * @param opened resolves when the databases of all of them are open
 */
export async function assemble(
  options: LogfoldModuleOptions,
  database: Database<any>,
  known: Pick<LogfoldOptions, 'definitions' | 'events'>,
  logs: Readonly<Record<string, ReadableLog>>,
  opened: Promise<void>,
): Promise<LogfoldOptions> {
  const { service, commandsFrom, run, leaseTtlMs, idempotencyKeyDays, instrumentation } = options;
  const logger = new Logger(`Logfold ${service}`);
  const topics = await topicsOf(options, logs, opened, logger);
  return {
    database,
    ...known,
    ...(topics === undefined ? {} : { topics }),
    ...(commandsFrom === undefined ? {} : { commandsFrom }),
    ...(run === undefined ? {} : { run }),
    ...(leaseTtlMs === undefined ? {} : { leaseTtlMs }),
    ...(idempotencyKeyDays === undefined ? {} : { idempotencyKeyDays }),
    ...(instrumentation === undefined ? {} : { instrumentation }),
    onWarning: (warning) => logger.warn(warning),
    onParked: parkedLog(logger),
    onIgnored: ignoredLog(logger),
    onLost: lostLog(logger),
    onRebuild: rebuildLog(logger),
    runner: { onError: runnerLog(logger) },
  };
}

async function topicsOf(
  { service, topics, kafka, instrumentation }: LogfoldModuleOptions,
  logs: Readonly<Record<string, ReadableLog>>,
  opened: Promise<void>,
  logger: Logger,
): Promise<Topics | undefined> {
  if (kafka !== undefined) {
    const { kafkaTopics } = await import('@logfold/kafka'); // whoever does without Kafka does not load its client
    const written = alarmLog(logger);
    const onAlarm: typeof written = (alarm) => {
      written(alarm);
      instrumentation?.alarm(service, alarm);
    };
    const told = { onWarning: (warning: string) => logger.warn(warning), onAlarm };
    return kafkaTopics({ ...told, ...kafka, groupPrefix: service });
  }
  return topics === 'logs' ? whenOpen(logTopics(logs), opened) : topics;
}

/** Topics that are read once the logs are open: services start one after the other, and may read each other. */
function whenOpen(topics: Topics, opened: Promise<void>): Topics {
  return {
    source(topic) {
      const source = topics.source(topic);
      const read: Source['read'] = async function* (options) {
        await opened;
        if (!options.signal.aborted) yield* source.read(options);
      };
      return { ...source, read };
    },
  };
}
