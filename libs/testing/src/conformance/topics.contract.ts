import { publisherContract } from './publisher.contract.js';
import { sourceContract } from './source.contract.js';
import type { OpenTopics } from './topics-harness.js';

/**
 * Everything that a broker must do to carry topics: both sides of it, for Jest.
 * @param name what is tested, such as `kafka`; stands before the name of each suite.
 * @param open connects to a broker; once per suite.
 */
export function topicsContract(name: string, open: OpenTopics): void {
  publisherContract(name, open);
  sourceContract(name, open);
}
