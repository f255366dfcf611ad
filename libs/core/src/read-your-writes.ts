import { CheckpointWatch, type Ending, type Goal } from './checkpoint-watch.js';
import { NotRunning } from './errors.js';
import { registryOf } from './events.js';
import { serviceOf, topicOf } from './log-topics.js';
import type { LogfoldOptions } from './logfold.js';
import { partitionOf } from './partition.js';
import { parseTokens, type PositionToken } from './position-token.js';
import { TooManyWaiting } from './query-errors.js';
import { subscriptionName } from './subscription-name.js';
import type { AnyReadModel } from './sql-read-model.js';

/**
 * How a read model was waited for: its rows hold what happened at the positions; they lack what is parked of their keys; they
 * were not that far in time; it reads none of these logs and topics, so there is nothing to wait for.
 */
export type Waited = Ending | 'not-read';

/** How to wait. */
export interface WaitOptions {
  /** 5,000 ms unless given; 0 looks once. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 5_000;
const WAITING_LIMIT = 10_000;
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** Lets readers wait until read models show what tokens name, in whatever process these are folded. */
export class ReadYourWrites {
  readonly #options: LogfoldOptions;
  readonly #limit: number;
  readonly #watches = new Map<string, CheckpointWatch>();
  #waiting = 0;
  #stopped = false;

  /** @param limit how many may wait at once */
  constructor(options: LogfoldOptions, limit = WAITING_LIMIT) {
    this.#options = options;
    this.#limit = limit;
  }

  /**
   * Waits until a read model has handled what a token names: in each log or topic that it reads, the partition of the
   * token's key alone, so an idle partition holds nobody up.
   * @param token text that a command answered, or that `parseTokens` gave
   * @throws ValidationFailed for a text that is no token, PositionOfAnotherLog, TooManyWaiting
   */
  async wait(
    model: AnyReadModel,
    token: string | readonly PositionToken[],
    { timeoutMs = TIMEOUT_MS }: WaitOptions = {},
  ): Promise<Waited> {
    const tokens = typeof token === 'string' ? parseTokens(token) : token;
    const limitMs = Math.min(Math.max(0, timeoutMs), LONGEST_TIMEOUT_MS);
    const goals = tokens.flatMap((one) => this.#goal(model, one));
    if (goals.length === 0) return 'not-read';
    const endings = await Promise.all(goals.map(({ source, goal }) => this.#one(model, source, goal, limitMs)));
    return (['timed-out', 'parked'] as const).find((ending) => endings.includes(ending)) ?? 'reached';
  }

  /** Ends all waits with NotRunning. */
  stop(): void {
    this.#stopped = true;
    for (const watch of this.#watches.values()) watch.stop(this.#ended());
  }

  async #one(model: AnyReadModel, source: string, goal: Goal, timeoutMs: number): Promise<Ending> {
    if (this.#stopped) throw this.#ended();
    if (this.#waiting >= this.#limit) throw new TooManyWaiting(this.#limit);
    this.#waiting++;
    try {
      return await this.#watch(subscriptionName(model), source).wait(goal, timeoutMs);
    } finally {
      this.#waiting--;
    }
  }

  /** What a token asks of a model: nothing when the model does not read where it leads. */
  #goal(model: AnyReadModel, token: PositionToken): { readonly source: string; readonly goal: Goal }[] {
    const { database, topics } = this.#options;
    const handled = model.from.filter((registry) => model.types.some((type) => type in registry)).map(registryOf);
    const isOwn = token.log === database.service;
    const read = handled.filter(({ name }) => (topics ? serviceOf(name) === token.log : isOwn));
    if (isOwn) return read.length === 0 ? [] : [{ source: database.service, goal: { ...token, partition: 0 } }];
    const topic = read.map(topicOf).find((declared) => declared !== undefined && declared.name === token.topic);
    if (!topic) return [];
    return [{ source: topic.name, goal: { ...token, partition: partitionOf(token.key, topic.partitions) } }];
  }

  /** One for each subscription and source: the definitions bound their number. */
  #watch(subscription: string, source: string): CheckpointWatch {
    const name = JSON.stringify([subscription, source]);
    let watch = this.#watches.get(name);
    if (!watch) {
      const { checkpoints, parked, wakeUp, events, service } = this.#options.database;
      const { clock } = this.#options.runner ?? {};
      watch = new CheckpointWatch({
        key: { subscription, source },
        checkpoints,
        parked,
        wakeUp,
        ...(source === service ? { idsAt: (positions: readonly bigint[]) => events.idsAt(positions) } : {}),
        ...(clock === undefined ? {} : { clock }),
      });
      this.#watches.set(name, watch);
    }
    return watch;
  }

  #ended(): NotRunning {
    return new NotRunning(`Service "${this.#options.database.service}" has stopped: nothing can be waited for`);
  }
}
