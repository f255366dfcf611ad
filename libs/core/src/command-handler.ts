import { backoffMs } from './backoff.js';
import { systemClock, type Clock } from './clock.js';
import {
  answer,
  answeredAgain,
  answerTo,
  refuse,
  refuseAll,
  tellAll,
  withoutSettled,
  type Answer,
  type Handled,
} from './command-answer.js';
import { commandsOf, decideInTurn, handledOf, type Decided, type Round } from './command-round.js';
import type { Command } from './commands.js';
import type { Decider } from './decider.js';
import { IdempotencyKeyTaken, isOfOneCommand } from './command-errors.js';
import { InvalidDefinition, WrongExpectedVersion } from './errors.js';
import { eventCatalog } from './event-catalog.js';
import type { Appended, AppendedCommand, EventStore } from './event-store.js';
import type { Event, Recorded } from './events.js';
import { failpoint } from './failpoint.js';
import type { HandledCommand, HandledCommands } from './handled-commands.js';
import type { HandleOptions, Handler } from './handler.js';
import { checkIdempotencyKey, payloadHash } from './idempotency-key.js';
import { isOfLoop, MAILBOX_LIMITS, Mailboxes, refuseOfLoops, type Failure, type WaitingCommand } from './mailbox.js';
import { tokenWriter } from './position-token.js';
import { StreamSnapshots, type Snapshots } from './snapshot.js';
import { StateCache } from './state-cache.js';
import { StreamStates } from './stream-states.js';

/** The limits of a command handler. */
export interface CommandHandlerOptions {
  /** Decisions per command before a conflict is given up, 10 by default. */
  readonly attempts?: number;
  /** Committed states kept in memory, of this decider alone: another one may fold the same streams differently. */
  readonly cache?: StateCache;
  /** Where idempotency keys are kept; without it commands may have none. */
  readonly commands?: HandledCommands<any>;
  /** Where snapshots are kept, for a decider that has them. */
  readonly snapshots?: Snapshots;
  readonly clock?: Clock;
}

/** Streams whose states a cache keeps unless told otherwise. */
const CACHED_STREAMS = 10_000;

/** Makes the command handler of a decider over an event store. */
export function commandHandler<S, C extends Command, E extends Event>(
  decider: Decider<S, C, E>,
  store: EventStore,
  options: CommandHandlerOptions = {},
): Handler<C, E> {
  const { cache = new StateCache(CACHED_STREAMS), snapshots: kept } = options;
  const { snapshot } = decider;
  const snapshots = kept && snapshot ? new StreamSnapshots<S, E>(decider, kept, snapshot) : undefined;
  const states = new StreamStates<S, E>(decider, store, eventCatalog([decider.events]), cache, snapshots);
  return new MailboxHandler<S, C, E>(states, options);
}

type Waiting<C extends Command, E extends Event> = WaitingCommand<C, Answer<E>>;

/**
 * Commands for one stream go through its mailbox: a batch of them is decided in turn and appended at once. At once and
 * each alone they would only make each other conflict (50 callers of one stream got 7 commands a second through).
 * Every answer of a batch waits for its commit: a rejection may be due to events that are not stored yet.
 */
class MailboxHandler<S, C extends Command, E extends Event> implements Handler<C, E> {
  readonly #mailboxes = new Mailboxes<Waiting<C, E>>(MAILBOX_LIMITS, (stream, batch) => this.#serve(stream, batch));
  readonly #commands: HandledCommands | undefined;
  readonly #attempts: number;
  readonly #clock: Clock;
  readonly #tokens: ReturnType<typeof tokenWriter>;

  constructor(
    readonly states: StreamStates<S, E>,
    { attempts = 10, commands, clock = systemClock }: CommandHandlerOptions,
  ) {
    this.#attempts = attempts;
    this.#commands = commands;
    this.#clock = clock;
    this.#tokens = tokenWriter(states.store, states.catalog);
  }

  async handle(command: C, options: HandleOptions = {}): Promise<Handled<E>> {
    const tokenOf = await this.#tokens(); // before anything is stored: what is stored must be answered
    const answer = await this.#answered(command, options);
    const { events, version } = answer;
    const last = events.length > 0 ? events : await this.states.last(command.stream, version, options.tx);
    return Object.defineProperty({ ...answer, token: undefined }, 'token', {
      get: () => tokenOf(last),
      enumerable: true,
    });
  }

  async #answered(command: C, options: HandleOptions): Promise<Answer<E>> {
    const { expected, metadata, tx } = options;
    const asked = { command, expected, metadata, handled: this.#keyed(command, options) };
    if (tx !== undefined) return this.#inTransaction({ ...asked, callers: [] }, tx);
    return new Promise((resolve, reject) => this.#mailboxes.add({ ...asked, callers: [{ resolve, reject }] }));
  }

  /** Answers every command of a batch. Never rejects. @returns why one of a loop failed */
  async #serve(stream: string, batch: readonly Waiting<C, E>[]): Promise<Failure | undefined> {
    try {
      return await this.#answerAll(stream, batch);
    } catch (error) {
      const open = batch.filter(({ callers }) => callers.length > 0);
      if (open.length > 1 && isOfOneCommand(error)) return this.#serveEach(stream, open);
      refuse(open, error);
      return open.some(isOfLoop) ? { error } : undefined;
    }
  }

  /** The same one by one; behind one of a loop that failed, the others of a loop are refused. */
  async #serveEach(stream: string, open: readonly Waiting<C, E>[]): Promise<Failure | undefined> {
    let failure: Failure | undefined;
    for (const one of open)
      if (failure && isOfLoop(one)) refuse([one], failure.error);
      else failure = (await this.#serve(stream, [one])) ?? failure;
    return failure;
  }

  async #answerAll(stream: string, batch: readonly Waiting<C, E>[]): Promise<Failure | undefined> {
    let open = batch;
    let stale = false;
    for (let failed = 0; open.length > 0;) {
      try {
        const { left, failure } = await this.#round(stream, open, stale);
        if (failure) {
          await this.#serve(stream, refuseOfLoops(left, failure));
          return failure;
        }
        open = left;
        stale = false;
        failed = 0;
      } catch (error) {
        if (++failed >= this.#attempts) throw error;
        if (error instanceof IdempotencyKeyTaken)
          open = withoutSettled(await this.#withoutTaken(open, error.keys), error.keys);
        else if (error instanceof WrongExpectedVersion) {
          stale = true;
          await this.#clock.sleep(backoffMs({ firstMs: 2, maxMs: 100 }, failed - 1));
        } else throw error;
      }
    }
    return undefined;
  }

  /**
   * Decides and appends once. Acceptances are decided on the cached state, as the append itself tells when that was
   * stale. When nothing is appended no conflict would: then what is answered was decided on a state that was read from
   * the log after the commands came.
   */
  async #round(stream: string, open: readonly Waiting<C, E>[], stale: boolean): Promise<Round<Waiting<C, E>, S, E>> {
    const { states } = this;
    const known = states.cached(stream);
    const start = known === undefined || stale ? await states.anew(stream, known) : known;
    let round = decideInTurn<C, S, E, Waiting<C, E>>(states, start, open);
    if (round.events.length === 0 && start === known) {
      const confirmed = await states.current(stream, known);
      if (confirmed !== known) round = decideInTurn<C, S, E, Waiting<C, E>>(states, confirmed, open);
    }
    await failpoint('append.after-load');
    if (round.events.length > 0) await this.#append(stream, round);
    else await this.#record(stream, round.decided);
    return round;
  }

  /** Appends the events of a round, and answers all its commands. */
  async #append(stream: string, { from, to, events, decided }: Round<Waiting<C, E>, S, E>): Promise<void> {
    const append = { stream, events, expected: from.version, commands: commandsOf(decided) };
    const appended = await this.states.store.append(append);
    this.states.committed(stream, from.version, to, appended.events.at(-1)!.id);
    await failpoint('command.before-answer');
    let first = 0;
    const stored = (one: Decided<Waiting<C, E>, E>): Recorded<E>[] =>
      appended.events.slice(first, (first += one.events.length)) as Recorded<E>[];
    await this.#answer(decided, stored);
  }

  /** Answers commands that led to no event; what has a key is written down before. */
  async #record(stream: string, decided: readonly Decided<Waiting<C, E>, E>[]): Promise<void> {
    const keyed = handledOf(stream, decided);
    let taken: ReadonlySet<string> = new Set();
    if (keyed.length > 0) {
      await failpoint('command.before-record');
      taken = await this.#commands!.record(keyed);
      await failpoint('command.before-answer');
    }
    await this.#answer(decided, () => [], taken);
  }

  /** Answers commands: those whose keys are taken with what was written down of them, also where the rules failed now. */
  async #answer(
    decided: readonly Decided<Waiting<C, E>, E>[],
    stored: (one: Decided<Waiting<C, E>, E>) => readonly Recorded<E>[],
    taken: ReadonlySet<string> = new Set(),
  ): Promise<void> {
    const doubtful: Decided<Waiting<C, E>, E>[] = [];
    for (const one of decided) {
      const { failure, item } = one;
      if (item.handled && (failure || taken.has(item.handled.key))) doubtful.push(one);
      else answer(one, stored(one));
    }
    const keys = doubtful.map(({ item }) => item.handled!.key);
    const others = await this.#withoutTaken(
      doubtful.map(({ item }) => item),
      keys,
    );
    for (const one of doubtful.filter(({ item }) => others.includes(item))) {
      const { sent, key } = one.item.handled!;
      const open = one.failure !== undefined && !(sent && (await this.#commands!.isSettled(sent)));
      if (open) answer(one, []);
      else if (withoutSettled([one.item], keys).length > 0) refuse([one.item], new IdempotencyKeyTaken([key])); // forgotten just now: safe to send again
    }
  }

  /** Answers the commands whose keys were taken with what was written down of them. @returns the others. */
  async #withoutTaken(open: readonly Waiting<C, E>[], keys: readonly string[]): Promise<readonly Waiting<C, E>[]> {
    if (open.length === 0) return open;
    const found = await this.#commands!.find(keys);
    const others: Waiting<C, E>[] = [];
    for (const item of open) {
      const before = item.handled && found.get(item.handled.key);
      if (!before) others.push(item);
      else await this.#again(item, before).then(tellAll(item.callers), refuseAll(item.callers));
    }
    return others;
  }

  #again({ command, handled: key }: Waiting<C, E>, before: HandledCommand, tx?: unknown): Promise<Answer<E>> {
    return answeredAgain(command, key!.payloadHash, before, this.states.store, this.states.catalog, tx);
  }

  /** Beside the mailbox: the transaction's locks might be what a command in it waits for. Nothing is tried again. */
  async #inTransaction(item: Waiting<C, E>, tx: unknown): Promise<Answer<E>> {
    const { states } = this;
    const { stream } = item.command;
    const key = item.handled?.key;
    const before = key === undefined ? undefined : (await this.#commands!.find([key], { tx })).get(key);
    if (before) return this.#again(item, before, tx);
    const from = await states.current(stream, states.cached(stream) ?? states.empty(), tx);
    const { decided, events } = decideInTurn<C, S, E, Waiting<C, E>>(states, from, [item]);
    await failpoint('append.after-load');
    const [one] = decided as [Decided<Waiting<C, E>, E>];
    let appended: Appended | undefined;
    if (events.length > 0) {
      const append = { stream, events, expected: from.version, commands: commandsOf(decided) };
      appended = await states.store.append(append, { tx });
    } else {
      const keyed = handledOf(stream, decided);
      const taken = keyed.length === 0 ? new Set<string>() : await this.#commands!.record(keyed, { tx });
      if (taken.size > 0) throw new IdempotencyKeyTaken([...taken]);
    }
    return answerTo(one, (appended?.events ?? []) as readonly Recorded<E>[]);
  }

  /** What is written down of a command with a key. */
  #keyed(command: C, options: HandleOptions): AppendedCommand['handled'] {
    const { idempotencyKey: key, idempotencyPayload: asked, sent } = options;
    if (key === undefined) return undefined;
    checkIdempotencyKey(key);
    if (!this.#commands)
      throw new InvalidDefinition(
        `The handler of "${this.states.decider.name}" keeps no idempotency keys: make it with { commands: database.commands }`,
      );
    return { key, payloadHash: payloadHash(command, asked), ...(sent === undefined ? {} : { sent }) };
  }
}
