import { Injectable } from '@nestjs/common';
import { MetadataScanner } from '@nestjs/core';
import {
  InvalidDefinition,
  registryOfCreator,
  type Creator,
  type Event,
  type ReactionContext,
  type Recorded,
  type RetryPolicy,
  type StartFrom,
} from '@logfold/core';

/** The recorded event of a creator: `EventFrom<typeof StockEvents.StockDepleted>`. Use it with `import type`. */
export type EventFrom<C> = C extends Creator<infer Type, any, infer Data> ? Recorded<Event<Type, Data>> : never;

/** How a reaction runs. */
export interface ReactionOptions {
  /** Unique in the service; its progress is kept under it. */
  readonly name: string;
  /** Where the first deployment begins: there is no default, since all of history would be acted on. */
  readonly startFrom: StartFrom;
  /** What becomes of an event whose handler throws; `retry(5).thenPark()` unless given. */
  readonly onError?: RetryPolicy;
}

/** A class that reacts, as its decorators describe it. */
export interface ReactionClass extends ReactionOptions {
  /** The method for each type of event. */
  readonly methods: ReadonlyMap<string, string>;
  /** The registries that declare the types. */
  readonly from: readonly object[];
}

type Handles<C> = (event: EventFrom<C>, context: ReactionContext<any>) => void | Promise<void>;

/**
 * Makes a provider react to events: each is handled once, in one transaction with the reaction's checkpoint. List the
 * class in `providers`; where a process has several services, `LogfoldModule.forFeature([Class], { service })` says
 * whose it is. Guards, interceptors, pipes and filters apply, global ones too: `execution.getType()` is `'logfold'`, its
 * arguments are the event and the ReactionContext.
 * @throws InvalidDefinition
 * @example
 * @Reaction({ name: 'notify-manufacturer', startFrom: 'now', onError: retry(5).thenPark() })
 * class NotifyManufacturer {
 *   @On(StockEvents.StockDepleted)
 *   async depleted(event: EventFrom<typeof StockEvents.StockDepleted>, { idempotencyKey }: ReactionContext) { … }
 * }
 */
export function Reaction(options: ReactionOptions): ClassDecorator {
  return (target) => {
    const { name, startFrom } = options ?? {};
    if (typeof name !== 'string')
      throw new InvalidDefinition(`@Reaction of ${target.name} needs "name": its progress is kept under it`);
    if (startFrom === undefined)
      throw new InvalidDefinition(
        `@Reaction of ${target.name} needs "startFrom": 'beginning' acts on all of history, 'now' on what happens from now on`,
      );
    const described: ReactionClass = { ...options, ...handlersOf(target) };
    Reflect.defineMetadata(REACTION, described, target);
    Injectable()(target);
  };
}

/**
 * Makes a method of a `@Reaction` class handle events of these types. It is given the event and a ReactionContext, and
 * may take fewer parameters; the compiler checks the annotation of the first.
 */
export function On<const C extends readonly [Creator, ...Creator[]]>(...creators: C) {
  return <M extends Handles<C[number]>>(
    target: object,
    method: string | symbol,
    descriptor: TypedPropertyDescriptor<M>,
  ): void => {
    const where = `@On of ${target.constructor.name}.${String(method)}`;
    if (creators.length === 0) throw new InvalidDefinition(`${where} names no event: @On(StockEvents.StockDepleted)`);
    if (typeof method === 'symbol') throw new InvalidDefinition(`${where} must have a name, not a symbol`);
    for (const creator of creators) checkCreator(creator, where);
    Reflect.defineMetadata(ON, creators, descriptor.value!);
    Reflect.defineMetadata(ARGUMENTS, argumentsOf, target.constructor, method);
  };
}

/** What the decorators of a class say; undefined for a class that is no reaction itself. */
export function reactionClass(of: object): ReactionClass | undefined {
  return Reflect.getOwnMetadata(REACTION, of) as ReactionClass | undefined;
}

/** The key of the parameters' metadata, which Nest needs for pipes. */
export const ARGUMENTS = 'logfold.arguments';

const REACTION = Symbol('logfold.reaction');
const ON = Symbol('logfold.on');
const argumentsOf = {
  '0:0': { index: 0, data: 'event', pipes: [] },
  '0:1': { index: 1, data: 'context', pipes: [] },
};

function checkCreator(creator: Creator, where: string): void {
  try {
    registryOfCreator(creator);
  } catch (error) {
    throw new InvalidDefinition(`${where}: ${(error as InvalidDefinition).message}`, { cause: error });
  }
}

function handlersOf({ name, prototype }: Function): Pick<ReactionClass, 'methods' | 'from'> {
  const methods = new Map<string, string>();
  const from = new Set<object>();
  for (const method of new MetadataScanner().getAllMethodNames(prototype as object)) {
    const handler = (prototype as Record<string, object>)[method]!;
    for (const creator of (Reflect.getMetadata(ON, handler) ?? []) as readonly Creator[]) {
      const other = methods.get(creator.type);
      if (other !== undefined)
        throw new InvalidDefinition(
          `@Reaction of ${name} handles ${creator.type} in ${other} and in ${method}: one method handles a type`,
        );
      methods.set(creator.type, method);
      from.add(registryOfCreator(creator));
    }
  }
  if (methods.size === 0)
    throw new InvalidDefinition(
      `@Reaction of ${name} handles no event: decorate a method with @On(StockEvents.StockDepleted)`,
    );
  return { methods, from: [...from] };
}
