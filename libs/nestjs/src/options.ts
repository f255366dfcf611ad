import {
  checkIdentifier,
  type Database,
  type Instrumentation,
  type Role,
  type Run,
  type RunnerOptions,
  type ServiceListeners,
  type Topics,
} from '@logfold/core';
import type { KafkaTopicsOptions } from '@logfold/kafka';
import { InvalidConfiguration } from './errors.js';
import type { ReadYourWritesOptions } from './request-positions.js';
import { checkReadYourWrites } from './wait-for-position.js';

/**
 * What `LogfoldModule.forRoot` needs to know of one service. What its listeners are told, Nest's logger is told before, but for how
 * far the relay is.
 */
export interface LogfoldModuleOptions extends ServiceListeners {
  /** The service's name, which is its log's: lower-case letters, digits and underscores. */
  readonly service: string;
  /** A connection URL, `postgres://user:secret@host:5432/name`; or a database as a value, such as `memory()` in tests. */
  readonly database: string | Database<any>;
  /** The database schema of the service's tables, `logfold` by default; one per service. Only for a URL. */
  readonly schema?: string;
  /** The Kafka over which services hear each other. Names of consumer groups begin with the service's. */
  readonly kafka?: Omit<KafkaTopicsOptions, 'groupPrefix'>;
  /**
   * How services hear each other without Kafka: `'logs'` reads the logs of the other services that this process
   * declares; a value, such as `logTopics({ … })`, does what it says. Without `kafka` and `topics` all events that a
   * service handles are its own.
   */
  readonly topics?: Topics | 'logs';
  /** The services whose process managers may send commands to deciders of this one, through `kafka` or `topics`. */
  readonly commandsFrom?: readonly string[];
  /** Which loops run in this process, everything by default. Commands and queries always work. */
  readonly run?: Run;
  /** How reads within a request wait for what its `Logfold-Wait-For` names; `@WaitForPosition` says it for one route. */
  readonly readYourWrites?: ReadYourWritesOptions;
  /** How long a dead process's loops stay unclaimed, 10,000 ms by default. */
  readonly leaseTtlMs?: number;
  /** How long a command may be repeated under its idempotency key, 7 days by default. */
  readonly idempotencyKeyDays?: number;
  /** How much memory the rows of one read model may take while it is rebuilt, 256 MiB by default; more goes to its table. */
  readonly rebuildMemoryBytes?: number;
  /**
   * The limits of the loops: how often and how soon they try again, and their clock, such as `virtualClock()` in tests. `onError`
   * is told of every error, Nest's logger once for each trouble.
   */
  readonly runner?: RunnerOptions;
  /** Watches all that the service does: `telemetry()` of `@logfold/otel` makes traces and metrics of it. */
  readonly instrumentation?: Instrumentation;
}

const ROLES: readonly Role[] = ['relay', 'read-models', 'processes', 'timers', 'reactions'];

/** Refuses options that cannot work, before anything is opened. @throws InvalidConfiguration, InvalidDefinition */
export function checkOptions(options: LogfoldModuleOptions): void {
  const { service, database, schema, run = 'everything', leaseTtlMs = 10_000, rebuildMemoryBytes = 1 } = options;
  if (typeof service !== 'string' || service === '')
    throw new InvalidConfiguration(
      'LogfoldModule needs "service", the name of the service: forRoot({ service: \'inventory\', … })',
    );
  checkIdentifier('Service', service);
  checkDatabase(service, database);
  if (schema !== undefined) checkIdentifier(`Service "${service}": schema`, schema);
  checkTopics(options);
  checkReadYourWrites(`Service "${service}": readYourWrites`, options.readYourWrites ?? {});
  const roles = typeof run === 'string' ? [] : run;
  if (
    typeof run === 'string'
      ? !['everything', 'nothing'].includes(run)
      : !Array.isArray(roles) || roles.some((role) => !ROLES.includes(role))
  )
    throw new InvalidConfiguration(
      `Service "${service}": "run" is ${JSON.stringify(run)}, it must be 'everything', 'nothing' or a list of ${ROLES.map((role) => `'${role}'`).join(', ')}`,
    );
  if (!Number.isInteger(leaseTtlMs) || leaseTtlMs < 1_000)
    throw new InvalidConfiguration(
      `Service "${service}": "leaseTtlMs" is ${leaseTtlMs}, it must be a whole number of milliseconds, 1000 at least`,
    );
  if (!Number.isInteger(rebuildMemoryBytes) || rebuildMemoryBytes < 1)
    throw new InvalidConfiguration(
      `Service "${service}": "rebuildMemoryBytes" is ${rebuildMemoryBytes}, it must be a whole number of bytes above 0`,
    );
}

function checkDatabase(service: string, database: string | Database<any>): void {
  if (database === undefined || database === null || database === '')
    throw new InvalidConfiguration(
      `Service "${service}" needs "database": a URL such as postgres://user:secret@localhost:5432/shop, ` +
        'read from DATABASE_URL in most programs',
    );
  if (typeof database === 'string') {
    const protocol = URL.canParse(database) ? new URL(database).protocol : undefined; // the URL may hold a secret: not shown
    if (protocol !== 'postgres:' && protocol !== 'postgresql:')
      throw new InvalidConfiguration(
        `Service "${service}": "database" is ${protocol ? `a ${protocol}// URL` : 'not a URL'}, ` +
          'it must be one such as postgres://user:secret@localhost:5432/shop',
      );
  } else if (database.service !== service)
    throw new InvalidConfiguration(
      `Service "${service}": "database" is that of service "${database.service}", give each its own`,
    );
}

function checkTopics({ service, topics, kafka }: LogfoldModuleOptions): void {
  if (topics !== undefined && kafka !== undefined)
    throw new InvalidConfiguration(
      `Service "${service}" has both "kafka" and "topics": give one, as services hear each other in one way`,
    );
  if (topics !== undefined && topics !== 'logs' && typeof topics?.source !== 'function')
    throw new InvalidConfiguration(
      `Service "${service}": "topics" is ${JSON.stringify(topics)}, it must be 'logs' or a value such as logTopics({ … })`,
    );
  if (kafka === undefined) return;
  const { brokers } = kafka ?? {};
  if (
    !Array.isArray(brokers) ||
    brokers.length === 0 ||
    brokers.some((broker) => !/^[^\s/]+:\d{1,5}$/.test(String(broker)))
  )
    throw new InvalidConfiguration(
      `Service "${service}": "kafka.brokers" is ${JSON.stringify(brokers)}, it must be a list such as ['localhost:9092'], ` +
        'read from KAFKA_BROKERS in most programs',
    );
}
