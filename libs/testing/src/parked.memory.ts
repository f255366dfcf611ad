import {
  uuidv7,
  type CheckpointKey,
  type Clock,
  type HandledRequest,
  type Parked,
  type ParkedEvent,
  type ParkedKey,
  type ParkedRequest,
} from '@logfold/core';
import { storableText } from './storable.js';
import type { MemoryTx, Stage } from './transactions.memory.js';

interface Entry extends CheckpointKey, ParkedEvent {
  readonly since: Date;
}

/** What a transaction does to the entries: it is done again at commit, to what is there then. */
type Change = (entries: Entry[]) => Entry[];

/**
 * Parked events and requests in memory. Finds no conflicts itself: its callers move their checkpoint first, and of two
 * transactions that move the same one only one commits.
 */
export class MemoryParked implements Parked<MemoryTx> {
  #entries: Entry[] = [];
  readonly #requests: HandledRequest[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async keys(of: CheckpointKey, partitions: readonly number[]): Promise<ReadonlySet<string>> {
    const entries = this.#entries.filter((entry) => belongs(entry, of) && partitions.includes(entry.partition));
    return new Set(entries.map(({ key }) => key));
  }

  async park(tx: MemoryTx, of: CheckpointKey, parked: ParkedEvent): Promise<void> {
    const entry = this.#entryOf(of, parked);
    const same = (one: Entry): boolean => belongs(one, of) && one.event.position === entry.event.position;
    this.#staged(tx).add((entries) => {
      const before = entries.find(same);
      return inOrder([...entries.filter((one) => !same(one)), before ? { ...entry, since: before.since } : entry]);
    });
  }

  async parkBehind(tx: MemoryTx, of: CheckpointKey, parked: readonly ParkedEvent[]): Promise<boolean> {
    const staged = this.#staged(tx);
    const keys = new Set(staged.of(of).map(({ key }) => key));
    if (!parked.every(({ key }) => keys.has(key))) return false;
    const added = parked.map((one) => this.#entryOf(of, one));
    staged.add((entries) => inOrder([...entries, ...added]));
    return true;
  }

  async first(tx: MemoryTx, of: CheckpointKey, parkedKey: string): Promise<ParkedEvent | undefined> {
    const entry = this.#staged(tx)
      .of(of)
      .find(({ key }) => key === parkedKey);
    return entry && parkedEvent(entry);
  }

  async takeFirst(tx: MemoryTx, of: CheckpointKey, parkedKey: string): Promise<boolean> {
    const staged = this.#staged(tx);
    const [first, second] = staged.of(of).filter(({ key }) => key === parkedKey);
    if (first)
      staged.add((entries) =>
        entries.filter((one) => !(belongs(one, of) && one.event.position === first.event.position)),
      );
    return second !== undefined;
  }

  async requests(of: CheckpointKey): Promise<readonly ParkedRequest[]> {
    const open = this.#requests.filter((request) => belongs(request, of) && request.handledAt === undefined);
    return open.slice(0, 100).map(({ id, action, key, who, why }) => ({ id, action, key, who, why }));
  }

  async handled(tx: MemoryTx, { id }: ParkedRequest, outcome: string): Promise<boolean> {
    const handledAt = new Date(this.#clock.now());
    this.#staged(tx).outcomes.push(() => {
      const index = this.#requests.findIndex((request) => request.id === id && request.handledAt === undefined);
      if (index >= 0) this.#requests[index] = { ...this.#requests[index]!, handledAt, outcome };
    });
    return this.#requests.some((request) => request.id === id && request.handledAt === undefined);
  }

  async request(
    { subscription, source }: CheckpointKey,
    { action, key, who, why }: Omit<ParkedRequest, 'id'>,
  ): Promise<ParkedRequest> {
    const request = { id: uuidv7(), action, key, who, why };
    const requestedAt = new Date(this.#clock.now());
    this.#requests.push({ subscription, source, ...request, requestedAt, handledAt: undefined, outcome: undefined });
    return request;
  }

  async show({ subscription, source }: CheckpointKey, parkedKey: string): Promise<readonly ParkedEvent[]> {
    return this.#entries
      .filter((entry) => entry.subscription === subscription && entry.source === source && entry.key === parkedKey)
      .slice(0, 100)
      .map(parkedEvent);
  }

  async list({ subscriptions, key: wanted }: Parameters<Parked['list']>[0] = {}): Promise<readonly ParkedKey[]> {
    const asked = this.#entries.filter(
      ({ subscription, key }) =>
        (subscriptions?.includes(subscription) ?? true) && (wanted === undefined || key === wanted),
    );
    const byKey = Map.groupBy(asked, ({ subscription, source, key }) => JSON.stringify([subscription, source, key]));
    const keys = [...byKey.values()].map(([head, ...behind]): ParkedKey => {
      const { subscription, source, partition, key, event, error, since } = head!;
      const { position, type } = event;
      const events = 1 + behind.length;
      return { subscription, source, partition, key, events, position, type, error: error ?? NOT_TRIED, since };
    });
    return keys.sort((a, b) => a.since.getTime() - b.since.getTime()).slice(0, 1_000);
  }

  async history(): Promise<readonly HandledRequest[]> {
    return this.#requests.toReversed().slice(0, 1_000);
  }

  /** What subscriptions have parked at this moment: their keys. */
  moment(): (subscription: string) => ReadonlySet<string> {
    const entries = [...this.#entries];
    return (subscription) =>
      new Set(entries.flatMap((entry) => (entry.subscription === subscription ? entry.key : [])));
  }

  /** Removes what a subscription has parked, which is no more. */
  forget(subscription: string): void {
    this.#entries = this.#entries.filter((entry) => entry.subscription !== subscription);
  }

  /** Moves the parked events of a log that are behind a position, as the log's were. */
  shift(source: string, shared: bigint, by: bigint): void {
    this.#entries = this.#entries.map((entry) =>
      entry.source === source && entry.event.position > shared
        ? { ...entry, event: { ...entry.event, position: entry.event.position + by } }
        : entry,
    );
  }

  #entryOf({ subscription, source }: CheckpointKey, parked: ParkedEvent): Entry {
    const { partition, key, event, error } = parked;
    return {
      subscription,
      source,
      partition,
      key,
      event: structuredClone(event),
      ...(error === undefined ? {} : { error: storableText(error) }),
      since: new Date(this.#clock.now()),
    };
  }

  #staged(tx: MemoryTx): StagedParking {
    return tx.stage(
      this,
      () =>
        new StagedParking(
          () => this.#entries,
          (entries) => (this.#entries = entries),
        ),
    );
  }
}

/** The error of a first event that never failed: the one before it was taken out. */
const NOT_TRIED = 'not tried since the event before it was taken out';

class StagedParking implements Stage {
  readonly outcomes: (() => void)[] = [];
  readonly #changes: Change[] = [];

  constructor(
    readonly committed: () => Entry[],
    readonly replace: (entries: Entry[]) => void,
  ) {}

  add(change: Change): void {
    this.#changes.push(change);
  }

  /** The entries of a subscription as the transaction sees them. */
  of(key: CheckpointKey): Entry[] {
    return this.#applied().filter((entry) => belongs(entry, key));
  }

  check(): void {}

  commit(): void {
    this.replace(this.#applied());
    for (const write of this.outcomes) write();
  }

  rollback(): void {}

  #applied(): Entry[] {
    return this.#changes.reduce((entries, change) => change(entries), this.committed());
  }
}

function belongs(entry: CheckpointKey, { subscription, source }: CheckpointKey): boolean {
  return entry.subscription === subscription && entry.source === source;
}

function inOrder(entries: Entry[]): Entry[] {
  return entries.sort((a, b) => Number(a.event.position - b.event.position));
}

function parkedEvent({ partition, key, event, error }: Entry): ParkedEvent {
  return { partition, key, event: structuredClone(event), ...(error === undefined ? {} : { error }) };
}
