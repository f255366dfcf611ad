import {
  eventCatalog,
  serviceRunners,
  type LogfoldOptions,
  type Reaction,
  type Runner,
  type RunnerOptions,
} from '@logfold/core';
import { InvalidConfiguration } from './errors.js';

/** Reactions that run over a service, but are not among its definitions: those of a transport strategy. */
export class Following {
  #runners: readonly Runner[] = [];
  #ended = false;

  /** @param onError told of the errors of the loops, besides the service's own log */
  constructor(
    readonly reactions: readonly Reaction[],
    readonly onError: NonNullable<RunnerOptions['onError']>,
  ) {}

  /** The loops; none before the start. */
  get runners(): readonly Runner[] {
    return this.#runners;
  }

  /**
   * Starts the loops, once.
   * @param taken the names of what else runs over the service: a second loop of the same name would take its events away
   * @throws InvalidConfiguration, InvalidDefinition
   */
  start(service: LogfoldOptions, taken: ReadonlySet<string>): void {
    if (this.#ended || this.#runners.length > 0) return;
    const twice = this.reactions.find(({ name }) => taken.has(name));
    if (twice)
      throw new InvalidConfiguration(
        `"${twice.name}" runs twice over service "${service.database.service}": its progress is kept under the name, which must be unique`,
      );
    const { runner } = service;
    const onError: RunnerOptions['onError'] = (...told) => {
      runner?.onError?.(...told);
      this.onError(...told);
    };
    const registries = this.reactions.flatMap(({ from }) => from);
    this.#runners = serviceRunners(
      { ...service, definitions: this.reactions, run: ['reactions'], runner: { ...runner, onError } },
      eventCatalog(registries),
    );
    for (const each of this.#runners) each.start();
  }

  /** Ends the loops; for good. */
  async stop(): Promise<void> {
    this.#ended = true;
    await Promise.all(this.#runners.map((runner) => runner.stop()));
  }
}
