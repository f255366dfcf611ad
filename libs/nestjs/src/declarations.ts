import type { Type } from '@nestjs/common';
import { registryOf, type Definition, type Events } from '@logfold/core';
import { InvalidConfiguration } from './errors.js';
import { checkOptions, type LogfoldModuleOptions } from './options.js';
import type { ServiceChoice } from './tokens.js';

/** What `forFeature` lists: a definition, a class with `@Reaction`, or events that are appended without a decider. */
export type Listed = Definition | Type<object> | Events;

interface Feature extends ServiceChoice {
  readonly listed: readonly Listed[];
}

/** What the modules of the application declare: services with `forRoot`, and what they run with `forFeature`. */
export class Declarations {
  readonly #services = new Map<string, LogfoldModuleOptions>();
  readonly #features: Feature[] = [];

  /** The declared services, in the order in which they were declared. */
  get services(): ReadonlyMap<string, LogfoldModuleOptions> {
    return this.#services;
  }

  /** Declares a service. @throws InvalidConfiguration */
  declare(options: LogfoldModuleOptions): void {
    checkOptions(options);
    if (this.#services.has(options.service))
      throw new InvalidConfiguration(
        `LogfoldModule.forRoot declares service "${options.service}" twice: names are unique in a process`,
      );
    this.#services.set(options.service, options);
  }

  /** Gives a service what it runs. */
  list(listed: readonly Listed[], { service }: ServiceChoice): void {
    this.#features.push(service === undefined ? { listed } : { listed, service });
  }

  /** What each service runs, by its name. @throws InvalidConfiguration */
  listings(): ReadonlyMap<string, ReadonlySet<Listed>> {
    requireOwnSchemas([...this.#services.values()]);
    const listings = new Map([...this.#services.keys()].map((service) => [service, new Set<Listed>()]));
    for (const feature of this.#features)
      for (const one of feature.listed) listings.get(this.#serviceOf(feature))!.add(one);
    return listings;
  }

  /** The services that list something. @throws InvalidConfiguration */
  servicesOf(listed: Listed): readonly string[] {
    const listing = this.#features.filter((feature) => feature.listed.includes(listed));
    return [...new Set(listing.map((feature) => this.#serviceOf(feature)))];
  }

  /** The named service; without a name, the only one. @throws InvalidConfiguration, which says where it is missing. */
  chosen(service: string | undefined, where: string): string {
    const declared = [...this.#services.keys()];
    if (declared.length === 0)
      throw new InvalidConfiguration(
        `${where} has no service: import LogfoldModule.forRoot({ service, database }) in the root module`,
      );
    if (service === undefined && declared.length > 1)
      throw new InvalidConfiguration(
        `${where} must say which service it is for, one of ${quoted(declared)}: { service: '${declared[0]}' }`,
      );
    if (service !== undefined && !this.#services.has(service))
      throw new InvalidConfiguration(
        `${where} names service "${service}", but LogfoldModule.forRoot declares only ${quoted(declared)}`,
      );
    return service ?? declared[0]!;
  }

  #serviceOf({ service, listed }: Feature): string {
    return this.chosen(service, featureNamed(listed));
  }
}

/** How errors call a `forFeature`. */
export function featureNamed(listed: readonly Listed[]): string {
  return `forFeature([${listed.map((one) => (isEvents(one) ? registryOf(one).name : one.name)).join(', ')}])`;
}

/** True for a registry of events. */
export function isEvents(listed: Listed): listed is Events {
  return typeof listed !== 'function' && typeof listed.kind !== 'string';
}

/** Names for the text of an error. */
export function quoted(services: readonly string[]): string {
  return services.map((service) => `"${service}"`).join(', ');
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
