import { commandRegistryOf, type Command, type CommandOf } from './commands.js';
import type { Rejection } from './decider.js';
import type { Effect } from './effects.js';
import { InvalidDefinition } from './errors.js';
import type { Each, Event, Recorded } from './events.js';
import { checkIdentifier } from './names.js';
import { retry, type RetryPolicy } from './retry-policy.js';
import type { StartFrom } from './source.js';

type ByName<Value> = Readonly<Record<string, Value | undefined>>;

/** Work over several streams and some time: hears events, remembers what it heard, and sends commands. */
export interface ProcessManager<S = any, E extends Event = any, C extends Command = any, N extends string = any> {
  readonly kind: 'process manager';
  readonly name: string;
  /** The types of the events that it hears. */
  readonly types: readonly string[];
  /** The registries that declare them. */
  readonly from: readonly object[];
  /** The registries of the commands that it may send. */
  readonly sends: readonly object[];
  /** The registries of the events that it may publish. */
  readonly publishes: readonly object[];
  readonly startFrom: StartFrom;
  readonly onError: RetryPolicy;
  readonly startedBy: ReadonlySet<string>;
  readonly initial: () => S;
  readonly key: ByName<(event: Recorded) => string | undefined>;
  readonly evolve: ByName<(state: S, event: Recorded) => S>;
  readonly react: ByName<(state: S, event: Recorded) => readonly Effect[]>;
  readonly timeouts: ByName<(state: S) => readonly Effect[]>;
  readonly rejected: ByName<(state: S, rejection: Rejection) => readonly Effect[]>;
  /** Never there: what the compiler remembers. */
  readonly infers?: readonly [E, C, N];
}

type EachCommand<R extends readonly unknown[]> = { [I in keyof R]: CommandOf<R[I]> }[number];
type Of<E extends Event, N> = Recorded<Extract<E, { type: N }>>;
type Effects<W extends readonly unknown[], P extends readonly unknown[], N extends string> = readonly Effect<
  EachCommand<W>,
  Each<P>,
  N
>[];

/**
 * Defines a process manager. Its state is a fold over its own stream, `NAME-KEY`, which holds what it heard and what it
 * did; `react` sees the state after `evolve` and returns effects, which happen once. All of it is pure.
 * @param definition.name unique in the service; its streams and its progress are kept under it
 * @param definition.key which of its instances an event concerns, for each type that it hears; undefined for none
 * @param definition.startedBy the events that may begin an instance; others without an instance are ignored
 * @param definition.startFrom where the first deployment begins: there is no default, since all of history would be acted on
 * @param definition.timeouts what becomes of a timeout that was not cancelled; this names those that there are
 * @param definition.rejected what becomes of a command that its decider refused; ignored where nothing is said
 * @param definition.onError `retry(5).thenPark()` unless given; parks the instance, not the event's own key
 * @throws InvalidDefinition
 * @example processManager({ name: 'checkout', from: [OrderEvents], sends: [OrderCommands], startFrom: 'now',
 *   startedBy: ['OrderPlaced'], key: { OrderPlaced: ({ data }) => data.orderId }, initial: () => ({}), evolve: {},
 *   react: { OrderPlaced: () => [timeout('payment', 'PT15M')] },
 *   timeouts: { payment: () => [send(OrderCommands.CancelOrder({ … })), complete()] } })
 */
export function processManager<
  S,
  const R extends readonly object[],
  const W extends readonly object[],
  T extends Each<R>['type'],
  N extends string = never,
  const P extends readonly object[] = [],
>(definition: {
  readonly name: string;
  readonly from: R;
  readonly sends: W;
  readonly publishes?: P;
  readonly startFrom: StartFrom;
  readonly onError?: RetryPolicy;
  readonly key: { readonly [K in T]: (event: Of<Each<NoInfer<R>>, K>) => string | undefined };
  readonly startedBy: readonly NoInfer<T>[];
  readonly initial: () => S;
  readonly evolve: { readonly [K in NoInfer<T>]?: (state: NoInfer<S>, event: Of<Each<NoInfer<R>>, K>) => NoInfer<S> };
  readonly react: {
    readonly [K in NoInfer<T>]?: (
      state: NoInfer<S>,
      event: Of<Each<NoInfer<R>>, K>,
    ) => Effects<NoInfer<W>, NoInfer<P>, NoInfer<N>>;
  };
  readonly timeouts?: { readonly [K in N]: (state: NoInfer<S>) => Effects<NoInfer<W>, NoInfer<P>, NoInfer<N>> };
  readonly rejected?: {
    readonly [K in EachCommand<NoInfer<W>>['type']]?: (
      state: NoInfer<S>,
      rejection: Rejection,
    ) => Effects<NoInfer<W>, NoInfer<P>, NoInfer<N>>;
  };
}): ProcessManager<S, Extract<Each<R>, { type: T }>, EachCommand<W>, N> {
  const { publishes = [], onError = retry(5).thenPark(), timeouts = {}, rejected = {}, ...rest } = definition;
  const { startedBy, ...parts } = rest;
  const made = { ...parts, publishes, onError, timeouts, rejected, startedBy: new Set<string>(startedBy) };
  const process = { kind: 'process manager', types: Object.keys(parts.key), ...made } as unknown as ProcessManager;
  check(process);
  return process as ProcessManager<S, Extract<Each<R>, { type: T }>, EachCommand<W>, N>;
}

function check({ name, types, from, sends, startFrom, startedBy, evolve, react, rejected }: ProcessManager): void {
  checkIdentifier('Process manager', name);
  const refuse = (why: string): never => {
    throw new InvalidDefinition(`Process manager "${name}" ${why}`);
  };
  if (types.length === 0) refuse('hears no event: name one in "key"');
  for (const type of types)
    if (!from.some((registry) => type in registry)) refuse(`hears ${type}, which no registry in its "from" declares`);
  if (startFrom === undefined)
    refuse(`needs "startFrom": 'beginning' acts on all of history, 'now' on what happens from now on`);
  if (startedBy.size === 0) refuse('is never started: name an event in "startedBy"');
  for (const type of [...startedBy, ...Object.keys(evolve), ...Object.keys(react)])
    if (!types.includes(type)) refuse(`has no key for ${type}: say in "key" which instance it concerns`);
  const commands = sends.flatMap((registry) => Object.keys(registry));
  const twice = commands.find((type, index) => commands.indexOf(type) !== index);
  if (twice !== undefined)
    refuse(
      `sends ${twice} of ${sends
        .filter((registry) => twice in registry)
        .map(quotedName)
        .join(' and of ')}: rename one`,
    );
  for (const type of Object.keys(rejected))
    if (!commands.includes(type))
      refuse(`is to hear that ${type} was rejected, which no registry in its "sends" declares`);
}

function quotedName(registry: object): string {
  return `"${commandRegistryOf(registry).name}"`;
}
