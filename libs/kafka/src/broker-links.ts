import { BrokerUnavailable, BrokerUnsuitable, type LogfoldError } from '@logfold/core';
import { BrokerLink } from './broker-link.js';
import type { ApiName, Internals } from './kafkajs-internals.js';
import type { KafkaLimits } from './limits.js';
import type { KafkaOptions } from './options.js';

/** The connections to all brokers of a cluster, made as they are needed. */
export class BrokerLinks {
  readonly #links = new Map<string, BrokerLink>();
  readonly #addresses = new Map<number, string>();
  #closed = false;

  constructor(
    private readonly internals: Internals,
    private readonly options: KafkaOptions,
    private readonly limits: KafkaLimits,
  ) {
    if (options.brokers.length === 0) throw new BrokerUnsuitable('No brokers are given: name some as `host:port`');
    const bad = options.brokers.find((address) => !/^[^\s:]\S*:\d{1,5}$/.test(address));
    if (bad !== undefined) throw new BrokerUnsuitable(`"${bad}" is no address of a broker: write \`host:port\``);
  }

  /** Takes the brokers from metadata; they may have moved. */
  learn(brokers: readonly { readonly node: number; readonly address: string }[]): void {
    for (const { node, address } of brokers) this.#addresses.set(node, address);
  }

  /** The connection to one broker. @throws BrokerUnavailable for one that no metadata has named */
  node(node: number): BrokerLink {
    const address = this.#addresses.get(node);
    if (address === undefined) throw new BrokerUnavailable(`Broker ${node} is not known at the moment`);
    return this.#at(address);
  }

  /** Asks one broker after the other, those that are connected first, until one answers. */
  async any<T>(ask: (link: BrokerLink) => Promise<T>): Promise<T> {
    const failures: LogfoldError[] = [];
    for (const address of this.#candidates()) {
      try {
        return await ask(this.#at(address));
      } catch (error) {
        if (!(error instanceof BrokerUnavailable)) throw error;
        failures.push(error);
        if (this.#closed) break;
      }
    }
    if (failures.length === 1) throw failures[0]!;
    const reasons = failures.map(({ message }) => message).join('; ');
    throw new BrokerUnavailable(`No broker can be reached: ${reasons}`, { cause: failures[0] });
  }

  /** Sends a request to any broker. */
  call(api: ApiName, args: object): Promise<any> {
    return this.any((link) => link.call(api, args, this.limits.requestMs));
  }

  close(): void {
    this.#closed = true;
    for (const link of this.#links.values()) link.giveUp();
  }

  #candidates(): Iterable<string> {
    const known = [...new Set([...this.#addresses.values(), ...this.options.brokers])];
    const connected = known.filter((address) => this.#links.get(address)?.connected);
    return new Set([...connected, ...known]);
  }

  #at(address: string): BrokerLink {
    const found = this.#links.get(address);
    if (found?.usable) return found;
    if (this.#closed) throw new BrokerUnavailable('The connections to Kafka were closed');
    const made = new BrokerLink(address, this.internals, this.options, this.limits);
    this.#links.set(address, made);
    return made;
  }
}
