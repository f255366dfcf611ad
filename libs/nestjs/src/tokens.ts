import type { Definition } from '@logfold/core';

/** Which of several services in one process; may be left out where only one lists the definition. */
export interface ServiceChoice {
  readonly service?: string;
}

const tokens = new WeakMap<Definition, Map<string | undefined, symbol>>();

/**
 * The injection token of a decider's handler or a read model's rows, for `overrideProvider` in tests and for providers
 * made by hand. What Nest says when it finds none is the token's text.
 */
export function logfoldToken(definition: Definition, { service }: ServiceChoice = {}): symbol {
  const ofDefinition = tokens.get(definition) ?? new Map<string | undefined, symbol>();
  tokens.set(definition, ofDefinition);
  const token = ofDefinition.get(service) ?? Symbol(describe(definition, service));
  ofDefinition.set(service, token);
  return token;
}

function describe({ kind, name }: Definition, service: string | undefined): string {
  const options = service === undefined ? '' : `, { service: '${service}' }`;
  return `${kind} "${name}" (import LogfoldModule.forFeature([…]${options}) with it)`;
}
