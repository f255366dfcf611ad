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
  const { service, commandsFrom, run, leaseTtlMs, idempotencyKeyDays, rebuildMemoryBytes, instrumentation } = options;
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
    ...(rebuildMemoryBytes === undefined ? {} : { rebuildMemoryBytes }),
    ...(instrumentation === undefined ? {} : { instrumentation }),
    ...(options.onRelayed === undefined ? {} : { onRelayed: options.onRelayed }),
    onWarning: telling((warning) => logger.warn(warning), options.onWarning),
    onParked: telling(parkedLog(logger), options.onParked),
    onIgnored: telling(ignoredLog(logger), options.onIgnored),
    onLost: telling(lostLog(logger), options.onLost),
    onRebuild: telling(rebuildLog(logger), options.onRebuild),
    runner: { ...options.runner, onError: telling(runnerLog(logger), options.runner?.onError) },
  };
}

/** Tells the log, and then whoever else is given. */
function telling<What extends readonly unknown[]>(
  log: (...what: What) => void,
  other: ((...what: What) => void) | undefined,
): (...what: What) => void {
  return (...what) => {
    log(...what);
    other?.(...what);
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
    const watched = telling(alarmLog(logger), (alarm) => instrumentation?.alarm(service, alarm));
    const onAlarm = telling(watched, kafka.onAlarm);
    const onWarning = telling((warning: string) => logger.warn(warning), kafka.onWarning);
    return kafkaTopics({ ...kafka, onAlarm, onWarning, groupPrefix: service });
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
