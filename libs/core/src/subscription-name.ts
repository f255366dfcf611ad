import type { ReadModel } from './read-model.js';

/** The name of a read model's subscription: each version has its own checkpoint. */
export function subscriptionName({ name, version }: Pick<ReadModel, 'name' | 'version'>): string {
  return `${name} v${version}`;
}
