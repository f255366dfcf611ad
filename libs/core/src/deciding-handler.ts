import type { Handler } from './handler.js';
import { commandRegistryOf, type Commands } from './commands.js';
import type { Decider } from './decider.js';

/** Whose commands are decided here: the handlers of a service, by decider. */
export type Handlers = ReadonlyMap<Decider, Handler>;

/** What decides the commands of a name in the registry of a name; undefined when nobody does. */
export function decidingHandler(
  handlers: Handlers,
  registry: string,
  type: string,
): { readonly commands: Commands; readonly handler: Handler } | undefined {
  for (const [{ commands }, handler] of handlers)
    if (commandRegistryOf(commands).name === registry && Object.hasOwn(commands, type))
      return { commands: commands as Commands, handler };
  return undefined;
}
