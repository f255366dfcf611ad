import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import {
  isReadModel,
  logfold,
  NotRunning,
  ownRegistries,
  type AnyReadModel,
  type Decider,
  type Definition,
  type Handler,
  type Logfold,
  type LogfoldOptions,
  type Queries,
  type ReadModel,
  type SqlReadModel,
  type Waited,
  type WaitsForRows,
  type WaitOptions,
} from '@logfold/core';
import { assemble, databaseOf } from './assembly.js';
import { Declarations, featureNamed, isEvents, quoted, type Listed } from './declarations.js';
import { InvalidConfiguration } from './errors.js';
import type { Following } from './following.js';
import type { LogfoldModuleOptions } from './options.js';
import { ReactionProviders } from './reaction-providers.js';
import { markingReplays, RequestContext, withContext } from './request-context.js';
import type { ServiceChoice } from './tokens.js';

interface Service {
  readonly options: LogfoldOptions;
  readonly running: Logfold;
  readonly followings: Set<Following>;
  /** The types of the events that it may append. */
  readonly appends: ReadonlySet<string>;
}

/** What a service runs. */
interface Known {
  readonly definitions: Definition[];
  readonly events: object[];
}

/**
 * The services of this process, each with its log. `forRoot` declares them, `forFeature` gives them their definitions;
 * they are put together when Nest has made all modules, started before it listens, and stopped when the last request
 * has been answered. A service that fails to start stops those before it.
 */
@Injectable()
export class LogfoldServices implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  readonly #logger = new Logger('Logfold');
  readonly #declarations = new Declarations();
  readonly #opened = Promise.withResolvers<void>();
  readonly #early: { readonly following: Following; readonly service: string }[] = [];
  #services: ReadonlyMap<string, Service> | undefined;
  #starting: Promise<void> | undefined;
  #started = false;

  constructor(private readonly reactions: ReactionProviders) {}

  /** Declares a service. @throws InvalidConfiguration */
  declare(options: LogfoldModuleOptions): void {
    this.#declarations.declare(options);
  }

  /** Gives definitions to a service. @throws InvalidConfiguration after the start: what runs must be known by then. */
  add(listed: readonly Listed[], choice: ServiceChoice = {}): void {
    if (this.#services && listed.every((one) => this.#isListed(one, choice))) return;
    if (this.#services)
      throw new InvalidConfiguration(
        `${featureNamed(listed)} came after the start: import its module statically, not lazily`,
      );
    this.#declarations.list(listed, choice);
  }

  /** The types of the events that a service may append. */
  appends(service: string): ReadonlySet<string> {
    return this.#service(service, 'LogfoldServices.appends()').appends;
  }

  /** A running service; without a name, the only one. @throws NotRunning, InvalidConfiguration */
  of(service?: string): Logfold {
    return this.#service(service, 'LogfoldServices.of()').running;
  }

  /** All services of this process. @throws NotRunning */
  all(): readonly Logfold[] {
    return [...this.#assembled().values()].map(({ running }) => running);
  }

  /** The read models of this name, each with its service, where one is chosen of that alone. @throws NotRunning */
  readModels(name: string, { service }: ServiceChoice = {}): readonly { model: AnyReadModel; running: Logfold }[] {
    const services = service === undefined ? [...this.#assembled().values()] : [this.#service(service, 'readModels()')];
    return services.flatMap(({ options, running }) =>
      options.definitions.flatMap((one) => (isReadModel(one) && one.name === name ? [{ model: one, running }] : [])),
    );
  }

  /** The name of a service; without one, that of the only one. @throws InvalidConfiguration */
  chosen(service: string | undefined, where: string): string {
    return this.#declarations.chosen(service, where);
  }

  /** The handler of a decider. Commands inherit what the current request or event hands on. */
  handler(decider: Decider, choice: ServiceChoice): Handler {
    return {
      handle: async (command, options) => {
        const listing = this.#listing(decider, choice);
        const handling = listing.handler(decider).handle(command, withContext(options, listing.database.service));
        const handled = await markingReplays(handling);
        RequestContext.current()?.positions?.wrote(handled.token);
        return handled;
      },
    };
  }

  /** The rows of a read model. Reads within a request wait first for what its `Logfold-Wait-For` names. */
  rows(model: ReadModel, choice: ServiceChoice): Queries<any, any> {
    const rows = (): Queries<any, any> => this.#listing(model, choice).rows(model);
    const shown = async (): Promise<Queries<any, any>> => {
      const queries = rows();
      await this.#shown(model, choice, queries);
      return queries;
    };
    return {
      find: async (key) => (await shown()).find(key),
      findMany: async (where, page) => (await shown()).findMany(where, page),
      waitFor: async (token, options) => rows().waitFor(token, options),
      asOf: async (keys, moment) => rows().asOf(keys, moment),
      get table() {
        return rows().table;
      },
    };
  }

  /** The full names of the tables of a read model in SQL, and how to wait for what a token or the request at hand names. */
  tables<Tables extends string>(
    model: SqlReadModel<Tables>,
    choice: ServiceChoice,
  ): Readonly<Record<Tables, string>> & WaitsForRows {
    const ofModel = (): Readonly<Record<string, string>> & WaitsForRows =>
      this.#listing(model, choice).tables(model) as Readonly<Record<string, string>> & WaitsForRows;
    const waitFor: WaitsForRows['waitFor'] = async (token, options) =>
      token === undefined ? this.#shown(model, choice, ofModel(), options) : ofModel().waitFor(token, options);
    const tables = { waitFor } as Record<Tables, string> & WaitsForRows;
    for (const name of Object.keys(model.tables))
      Object.defineProperty(tables, name, { enumerable: true, get: () => ofModel()[name] });
    return tables;
  }

  /** Waits until a read model shows what the request at hand names, where there is one. @throws PositionNotShown */
  async #shown(
    model: AnyReadModel,
    choice: ServiceChoice,
    { waitFor }: WaitsForRows,
    given: WaitOptions = {},
  ): Promise<Waited> {
    const { service } = this.#listing(model, choice).database;
    const { readYourWrites } = this.#declarations.services.get(service) ?? {};
    const { positions } = RequestContext.current() ?? {};
    const ofModel = { service, name: model.name };
    const wait = (token: string, options: WaitOptions): Promise<Waited> => waitFor(token, { ...options, ...given });
    return (await positions?.shownBy(ofModel, wait, readYourWrites)) ?? 'not-read';
  }

  /** Runs more reactions over a service, from its start, or from now on. @throws InvalidConfiguration */
  follow(following: Following, service: string): void {
    if (this.#started) this.#follow(following, service);
    else this.#early.push({ following, service });
  }

  async onModuleInit(): Promise<void> {
    const { services } = this.#declarations;
    const listings = this.#declarations.listings();
    const known = new Map([...listings].map(([service, listed]) => [service, this.#known(listed, service)]));
    for (const unlisted of this.reactions.classes()) {
      if (this.#declarations.servicesOf(unlisted).length > 0) continue;
      const service = this.chosen(undefined, `@Reaction of ${unlisted.name}, or ${featureNamed([unlisted])},`);
      known.get(service)!.definitions.push(this.reactions.reaction(unlisted, service));
    }
    const databases = new Map([...services].map(([service, options]) => [service, databaseOf(options)]));
    const logs = Object.fromEntries(databases);
    const assembled = new Map<string, Service>();
    for (const [service, declared] of services) {
      const database = databases.get(service)!;
      const options = await assemble(declared, database, known.get(service)!, logs, this.#opened.promise);
      const appends = new Set(ownRegistries(options).flatMap((registry) => Object.keys(registry)));
      const running = logfold(options);
      const watched = { ...options, database: running.database }; // as it is instrumented
      assembled.set(service, { options: watched, running, followings: new Set(), appends });
    }
    this.#services = assembled;
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
      for (const [service, { running }] of this.#services ?? []) {
        await running.start();
        this.#logger.debug(
          `Service "${service}" runs ${running.runners.map(({ name }) => name).join(', ') || 'no loops'}`,
        );
      }
      this.#opened.resolve();
      this.#started = true;
      for (const { following, service } of this.#early.splice(0)) this.#follow(following, service);
    } catch (error) {
      await this.#stop().catch(() => {}); // the first error is the one to tell
      throw error;
    }
  }

  async #stop(): Promise<void> {
    this.#opened.resolve(); // who waits for it was told to stop
    const services = [...(this.#services?.values() ?? [])];
    const stopping = services.flatMap(({ running, followings }) => {
      const followed = Promise.all([...followings].map((following) => following.stop()));
      return followed.then(() => running.stop());
    });
    await Promise.all(stopping);
  }

  #follow(following: Following, name: string): void {
    const { options, running, followings } = this.#service(name, 'follow()');
    const others = [...options.definitions, ...[...followings].flatMap(({ reactions }) => reactions)];
    following.start(options, new Set([...others, ...running.runners].map((other) => other.name)));
    followings.add(following);
  }

  #known(listed: ReadonlySet<Listed>, service: string): Known {
    const known: Known = { definitions: [], events: [] };
    for (const one of listed)
      if (isEvents(one)) known.events.push(one);
      else known.definitions.push(typeof one === 'function' ? this.reactions.reaction(one, service) : one);
    return known;
  }

  #isListed(listed: Listed, { service }: ServiceChoice): boolean {
    return this.#declarations.servicesOf(listed).includes(this.chosen(service, featureNamed([listed])));
  }

  /** The service that lists a definition: the chosen one, or the only one. */
  #listing(definition: Definition, { service }: ServiceChoice): Logfold {
    if (service !== undefined) return this.of(service);
    const candidates = this.#declarations.servicesOf(definition);
    if (candidates.length > 1)
      throw new InvalidConfiguration(
        `The ${definition.kind} "${definition.name}" runs in ${quoted(candidates)}: say which when injecting it, { service: '${candidates[0]}' }`,
      );
    return this.of(candidates[0]);
  }

  #service(service: string | undefined, where: string): Service {
    return this.#assembled().get(this.chosen(service, where))!;
  }

  #assembled(): ReadonlyMap<string, Service> {
    if (!this.#services)
      throw new NotRunning('Logfold starts with the application: await app.init() or app.listen() first');
    return this.#services;
  }
}
