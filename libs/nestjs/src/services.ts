import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import {
  logfold,
  NotRunning,
  type Decider,
  type Definition,
  type Handler,
  type Logfold,
  type ReadModel,
  type Rows,
} from '@logfold/core';
import { postgresDatabase } from '@logfold/postgres';
import { InvalidConfiguration } from './errors.js';
import { checkOptions, type LogfoldModuleOptions } from './options.js';
import { withCorrelation } from './request-context.js';
import { runnerLog } from './runner-log.js';
import type { ServiceChoice } from './tokens.js';

interface Feature extends ServiceChoice {
  readonly definitions: readonly Definition[];
}

/**
 * The services of this process, each with its log. `forRoot` declares them, `forFeature` gives them their definitions;
 * they are put together when Nest has made all modules, started before it listens, and stopped when the last request
 * has been answered. A service that fails to start stops those before it.
 */
@Injectable()
export class LogfoldServices implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  readonly #logger = new Logger('Logfold');
  readonly #options = new Map<string, LogfoldModuleOptions>();
  readonly #features: Feature[] = [];
  #services: ReadonlyMap<string, Logfold> | undefined;
  #starting: Promise<void> | undefined;

  /** Declares a service. @throws InvalidConfiguration */
  declare(options: LogfoldModuleOptions): void {
    checkOptions(options);
    if (this.#options.has(options.service))
      throw new InvalidConfiguration(
        `LogfoldModule.forRoot declares service "${options.service}" twice: names are unique in a process`,
      );
    this.#options.set(options.service, options);
  }

  /** Gives definitions to a service. @throws InvalidConfiguration after the start: what runs must be known by then. */
  add(definitions: readonly Definition[], { service }: ServiceChoice = {}): void {
    if (this.#services)
      throw new InvalidConfiguration(
        `forFeature(${names(definitions)}) came after the start: import its module statically, not lazily`,
      );
    this.#features.push(service === undefined ? { definitions } : { definitions, service });
  }

  /** A running service; without a name, the only one. @throws NotRunning, InvalidConfiguration */
  of(service?: string): Logfold {
    const services = this.#services;
    if (!services) throw new NotRunning('Logfold starts with the application: await app.init() or app.listen() first');
    return services.get(this.#chosen(service, 'LogfoldServices.of()'))!;
  }

  /** The handler of a decider. Commands get the correlation id of the request that they came with. */
  handler(decider: Decider, choice: ServiceChoice): Handler {
    return {
      handle: async (command, options) =>
        this.#listing(decider, choice).handler(decider).handle(command, withCorrelation(options)),
    };
  }

  /** The rows of a read model. */
  rows(model: ReadModel, choice: ServiceChoice): Rows<any, any> {
    const rows = (): Rows<any, any> => this.#listing(model, choice).rows(model);
    return {
      find: async (key) => rows().find(key),
      findMany: async (where, page) => rows().findMany(where, page),
      get table() {
        return rows().table;
      },
    };
  }

  onModuleInit(): void {
    requireOwnSchemas([...this.#options.values()]);
    const definitions = new Map([...this.#options.keys()].map((service) => [service, new Set<Definition>()]));
    for (const feature of this.#features) {
      const service = this.#chosen(feature.service, `forFeature(${names(feature.definitions)})`);
      for (const definition of feature.definitions) definitions.get(service)!.add(definition);
    }
    this.#services = new Map(
      [...this.#options].map(([service, options]) => [service, assemble(options, [...definitions.get(service)!])]),
    );
  }

  async onApplicationBootstrap(): Promise<void> {
    this.#starting = this.#start();
    await this.#starting;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#starting?.catch(() => {});
    await this.#stop();
  }

  async #start(): Promise<void> {
    try {
      for (const [service, running] of this.#services ?? []) {
        await running.start();
        this.#logger.debug(
          `Service "${service}" runs ${running.runners.map(({ name }) => name).join(', ') || 'no loops'}`,
        );
      }
    } catch (error) {
      await this.#stop().catch(() => {}); // the first error is the one to tell
      throw error;
    }
  }

  async #stop(): Promise<void> {
    await Promise.all([...(this.#services?.values() ?? [])].map((service) => service.stop()));
  }

  /** The service that lists a definition: the chosen one, or the only one. */
  #listing(definition: Definition, { service }: ServiceChoice): Logfold {
    if (service !== undefined) return this.of(service);
    const listing = this.#features.filter(({ definitions }) => definitions.includes(definition));
    const candidates = [
      ...new Set(listing.map((feature) => this.#chosen(feature.service, `forFeature(${names(feature.definitions)})`))),
    ];
    if (candidates.length > 1)
      throw new InvalidConfiguration(
        `The ${definition.kind} "${definition.name}" runs in ${quoted(candidates)}: say which when injecting it, { service: '${candidates[0]}' }`,
      );
    return this.of(candidates[0]);
  }

  #chosen(service: string | undefined, where: string): string {
    const declared = [...this.#options.keys()];
    if (declared.length === 0)
      throw new InvalidConfiguration(
        `${where} has no service: import LogfoldModule.forRoot({ service, database }) in the root module`,
      );
    if (service === undefined && declared.length > 1)
      throw new InvalidConfiguration(
        `${where} must say which service it is for, one of ${quoted(declared)}: { service: '${declared[0]}' }`,
      );
    if (service !== undefined && !this.#options.has(service))
      throw new InvalidConfiguration(
        `${where} names service "${service}", but LogfoldModule.forRoot declares only ${quoted(declared)}`,
      );
    return service ?? declared[0]!;
  }
}

function assemble(
  { service, database, schema, run, leaseTtlMs }: LogfoldModuleOptions,
  definitions: readonly Definition[],
): Logfold {
  const opened =
    typeof database === 'string'
      ? postgresDatabase({ service, url: database, ...(schema === undefined ? {} : { schema }) })
      : database;
  return logfold({
    database: opened,
    definitions,
    ...(run === undefined ? {} : { run }),
    ...(leaseTtlMs === undefined ? {} : { leaseTtlMs }),
    runner: { onError: runnerLog(new Logger(`Logfold ${service}`)) },
  });
}

/** Two services that share their tables would read each other's events. */
function requireOwnSchemas(all: readonly LogfoldModuleOptions[]): void {
  const places = new Map<string, string>();
  for (const { service, database, schema = 'logfold' } of all) {
    if (typeof database !== 'string') continue;
    const { host, pathname } = new URL(database);
    const place = `${host}${pathname} ${schema}`;
    const other = places.get(place);
    if (other !== undefined)
      throw new InvalidConfiguration(
        `Services "${other}" and "${service}" share schema "${schema}" of one database: give each its own, schema: '${service}'`,
      );
    places.set(place, service);
  }
}

function names(definitions: readonly Definition[]): string {
  return `[${definitions.map(({ name }) => name).join(', ')}]`;
}

function quoted(services: readonly string[]): string {
  return services.map((service) => `"${service}"`).join(', ');
}
