import { Injectable, type Type } from '@nestjs/common';
import { DiscoveryService, ExternalContextCreator } from '@nestjs/core';
import { reaction, type Reaction, type ReactionContext, type Recorded } from '@logfold/core';
import { InvalidConfiguration } from './errors.js';
import { Handling } from './handling.js';
import { ARGUMENTS, reactionClass } from './reaction.js';

type Provider = ReturnType<DiscoveryService['getProviders']>[number];
type Handler = (event: Recorded, context: ReactionContext) => Promise<unknown>;

/** The `@Reaction` classes that the application provides, and the reactions that they make. */
@Injectable()
export class ReactionProviders {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly contexts: ExternalContextCreator,
  ) {}

  /** Every provided class, once. */
  classes(): readonly Type<object>[] {
    return [...this.#providers().keys()];
  }

  /**
   * The reaction of a class in a service. Its methods are called as Nest calls handlers, with guards, interceptors,
   * pipes and filters, within the context of the event.
   * @throws InvalidConfiguration when no module provides the class, or only anew for each request.
   */
  reaction(of: Type<object>, service: string): Reaction {
    const described = reactionClass(of);
    if (!described)
      throw new InvalidConfiguration(`forFeature([${of.name}]): the class has no @Reaction decorator of its own`);
    const provider = this.#providers().get(of);
    if (!provider)
      throw new InvalidConfiguration(
        `forFeature([${of.name}]) lists a reaction that no module provides: add it to "providers" of its module`,
      );
    if (!provider.isDependencyTreeStatic() || provider.isTransient)
      throw new InvalidConfiguration(
        `@Reaction of ${of.name} is made anew for each request, or something that it injects is: events come without a ` +
          'request; give them the default scope',
      );
    const instance = provider.instance as Record<string, (...args: unknown[]) => unknown>;
    const handlers = new Map<string, Handler>();
    for (const method of described.methods.values()) handlers.set(method, this.#handler(instance, method));
    const on = [...described.methods].map(([type, method]) => {
      const handle = handlers.get(method)!;
      return [
        type,
        (event: Recorded, context: ReactionContext) =>
          new Handling(service, event, context.tx).run(() => handle(event, context)),
      ];
    });
    const { name, from, startFrom, onError } = described;
    const policy = onError === undefined ? {} : { onError };
    return reaction({ name, from, startFrom, ...policy, on: Object.fromEntries(on) as Record<string, never> });
  }

  #handler(instance: Record<string, (...args: unknown[]) => unknown>, method: string): Handler {
    const parameters = {
      exchangeKeyForValue: (_type: number, data: unknown, args: unknown[]) => args[data === 'event' ? 0 : 1],
    };
    const all = { guards: true, interceptors: true, filters: true };
    const call = instance[method]!;
    return this.contexts.create(
      instance,
      call,
      method,
      ARGUMENTS,
      parameters,
      undefined,
      undefined,
      all,
      'logfold',
    ) as Handler;
  }

  #providers(): ReadonlyMap<Type<object>, Provider> {
    const found = new Map<Type<object>, Provider>();
    for (const provider of this.discovery.getProviders()) {
      if (provider.isAlias) continue;
      const instance = provider.instance as object | undefined;
      const of = (provider.isNotMetatype ? instance?.constructor : provider.metatype) as Type<object> | undefined;
      if (typeof of === 'function' && reactionClass(of) && !found.has(of)) found.set(of, provider);
    }
    return found;
  }
}
