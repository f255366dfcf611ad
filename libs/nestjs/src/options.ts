import { checkIdentifier, type Database, type Run } from '@logfold/core';
import { InvalidConfiguration } from './errors.js';

/** What `LogfoldModule.forRoot` needs to know of one service. */
export interface LogfoldModuleOptions {
  /** The service's name, which is its log's: lower-case letters, digits and underscores. */
  readonly service: string;
  /** A connection URL, `postgres://user:secret@host:5432/name`; or a database as a value, such as `memory()` in tests. */
  readonly database: string | Database<any>;
  /** The database schema of the service's tables, `logfold` by default; one per service. Only for a URL. */
  readonly schema?: string;
  /** Which loops run in this process, everything by default. Commands and queries always work. */
  readonly run?: Run;
  /** How long a dead process's loops stay unclaimed, 10,000 ms by default. */
  readonly leaseTtlMs?: number;
}

const LOOPS = ['read-models'];

/** Refuses options that cannot work, before anything is opened. @throws InvalidConfiguration, InvalidDefinition */
export function checkOptions(options: LogfoldModuleOptions): void {
  const { service, database, schema, run = 'everything', leaseTtlMs = 10_000 } = options;
  if (typeof service !== 'string' || service === '')
    throw new InvalidConfiguration(
      'LogfoldModule needs "service", the name of the service: forRoot({ service: \'inventory\', … })',
    );
  checkIdentifier('Service', service);
  checkDatabase(service, database);
  if (schema !== undefined) checkIdentifier(`Service "${service}": schema`, schema);
  const loops = typeof run === 'string' ? [] : run;
  if (
    typeof run === 'string'
      ? !['everything', 'nothing'].includes(run)
      : !Array.isArray(loops) || loops.some((loop) => !LOOPS.includes(loop))
  )
    throw new InvalidConfiguration(
      `Service "${service}": "run" is ${JSON.stringify(run)}, it must be 'everything', 'nothing' or a list of ${LOOPS.map((loop) => `'${loop}'`).join(', ')}`,
    );
  if (!Number.isInteger(leaseTtlMs) || leaseTtlMs < 1_000)
    throw new InvalidConfiguration(
      `Service "${service}": "leaseTtlMs" is ${leaseTtlMs}, it must be a whole number of milliseconds, 1000 at least`,
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
