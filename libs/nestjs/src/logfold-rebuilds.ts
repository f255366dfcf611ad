import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { followRebuilds, type AnyReadModel, type Database, type Rebuild, type RebuildOptions } from '@logfold/core';
import { Observable } from 'rxjs';
import { quoted } from './declarations.js';
import { InvalidConfiguration } from './errors.js';
import { LogfoldServices } from './services.js';
import type { ServiceChoice } from './tokens.js';

/** How a rebuild is wished for. Unless told otherwise it is switched on when a sample of it was verified. */
export interface RebuildWish extends Partial<RebuildOptions>, ServiceChoice {
  readonly who?: string;
  readonly why?: string;
}

/**
 * Rebuilds of the read models of this process's services. Whichever process runs the read model does the work.
 * @example const { id } = await this.rebuilds.request(StockLevels, { why: 'a fix', full: true });
 *   this.rebuilds.watch(id).subscribe(({ state, progress }) => …);
 */
@Injectable()
export class LogfoldRebuilds implements OnModuleDestroy {
  readonly #ended = new AbortController();

  constructor(private readonly services: LogfoldServices) {}

  /**
   * Asks for a rebuild of a read model, or of the newest version that has this name.
   * @throws RebuildUnderWay while another one is not over; InvalidConfiguration when no service runs it, or several do
   */
  async request(model: AnyReadModel | string, wish: RebuildWish = {}): Promise<Rebuild> {
    const name = typeof model === 'string' ? model : model.name;
    const listed = this.services.readModels(name, wish);
    const found = listed.filter(({ model: one }) => typeof model === 'string' || one.version === model.version);
    const services = [...new Set(found.map(({ running }) => running.database.service))];
    const only = found.reduce<(typeof found)[0] | undefined>(
      (newest, each) => (newest && newest.model.version > each.model.version ? newest : each),
      undefined,
    );
    if (!only) throw new InvalidConfiguration(`No service of this process has a read model "${name}"`);
    if (services.length > 1)
      throw new InvalidConfiguration(
        `The read model "${name}" runs in ${quoted(services)}: ` + `say which, { service: '${services[0]}' }`,
      );
    const { full = false, switchWhenVerified = true, acceptDifferences = false } = wish;
    const { who = 'the application', why = 'asked for by the application' } = wish;
    const { version } = only.model;
    const options = { full, switchWhenVerified, acceptDifferences };
    return only.running.database.rebuilds.request({ name, version, who, why, ...options });
  }

  /** The rebuilds of a service, or of all, the newest first; 1,000 at most of each. */
  async list({ service }: ServiceChoice = {}): Promise<readonly Rebuild[]> {
    const chosen = service === undefined ? this.services.all() : [this.services.of(service)];
    const lists = await Promise.all(chosen.map(({ database }) => database.rebuilds.list()));
    return lists.flat().sort((a, b) => b.requestedAt.getTime() - a.requestedAt.getTime());
  }

  /**
   * A rebuild as it is now, and whenever it has changed. Completes when it is over or waits for a person, when there is
   * none, and when the application closes; fails with what the database says.
   */
  watch(id: string): Observable<Rebuild> {
    return new Observable((subscriber) => {
      const unsubscribed = new AbortController();
      const signal = AbortSignal.any([unsubscribed.signal, this.#ended.signal]);
      const follow = async (): Promise<void> => {
        const database = await this.#databaseOf(id);
        if (database)
          for await (const rebuild of followRebuilds(database.rebuilds, [id], { signal })) subscriber.next(rebuild);
        subscriber.complete();
      };
      follow().catch((error: unknown) => subscriber.error(error));
      return () => unsubscribed.abort();
    });
  }

  /** Ends what is watched, before the server waits for its last answers. */
  onModuleDestroy(): void {
    this.#ended.abort();
  }

  async #databaseOf(id: string): Promise<Database | undefined> {
    for (const { database } of this.services.all())
      if ((await database.rebuilds.list([id])).length > 0) return database;
    return undefined;
  }
}
