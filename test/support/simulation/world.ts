import {
  eventCatalog,
  events,
  reaction,
  reactionHandler,
  relay,
  subscription,
  type,
  type Database,
  type Publisher,
  type Runner,
  type Source,
  type TopicDeclaration,
} from '@logfold/core';
import { checkHistory, memory, memoryBroker, virtualClock, type Anomaly, type BrokerFault } from '@logfold/testing';
import type { MemoryBroker, MemoryTx, VirtualClock } from '@logfold/testing';
import { Process } from './process.js';
import { reproducibly, untilDone } from './random.js';

/** A defect that is put in on purpose. */
export interface Plant {
  publisher?(honest: Publisher, broker: MemoryBroker, clock: VirtualClock): Publisher;
  source?(honest: Source, broker: MemoryBroker, topic: TopicDeclaration): Source;
  echo?(database: Database<MemoryTx>): Database<MemoryTx>;
}

const Bags = events('mill.bags', { partitions: 3 }, { Filled: type<{ n: number }>() });
const Echoes = events('echo.heard', { partitions: 1, topic: null }, { Heard: type<{ id: string }>() });
const topic: TopicDeclaration = { name: 'mill.bags', partitions: 3 };
const LEASE_MS = 120;
const STEPS = 20;
const faults: readonly BrokerFault[] = [
  ...(['produce.partly', 'produce.answer-lost', 'end.lost', 'end.answer-lost', 'end.held', 'end.copied'] as const),
  ...(['fetch.leaks', 'fetch.repeats'] as const),
];

/**
 * Core's own relay and subscription, two processes of each, over a broker and databases in memory: processes die, freeze
 * and wake, the network fails, all of it as the seed has it. Then everything is healed, and what is there is judged.
 * @returns what is wrong, and why loops gave up
 */
export async function simulate(seed: number, plant: Plant = {}): Promise<readonly (Anomaly | { text: string })[]> {
  return reproducibly(seed, (below) => simulated(below, plant));
}

async function simulated(below: (limit: number) => number, plant: Plant): ReturnType<typeof simulate> {
  const world = new Simulation(plant);
  for (const start of ['relay', 'relay', 'echo', 'echo'] as const) world.start(start);
  for (let step = 0; step < STEPS; step++) {
    const one = world.alive[below(world.alive.length)]!;
    switch (below(12)) {
      case 0:
      case 1:
      case 2:
        await world.append(1 + below(9), below);
        break;
      case 3:
      case 4:
        await world.clock.advance(1 + below(80));
        break;
      case 5:
      case 6:
      case 7:
        world.broker.fail(faults[below(faults.length)]!, { skip: below(3), times: 1 + below(3) });
        break;
      case 8:
        one.process.kill();
        world.start(one.role);
        break;
      case 9:
        one.process.freeze();
        if (below(2) === 0) await world.clock.advance(2 * LEASE_MS);
        break;
      case 10:
        for (const { process } of world.alive) process.thaw();
        world.broker.deliverHeld();
        break;
      case 11:
        world.broker.rebalance({ patienceMs: below(60) });
        break;
    }
    await world.clock.advance(below(6));
  }
  return world.judged();
}

interface Running {
  readonly role: 'relay' | 'echo';
  readonly process: Process;
  readonly runner: Runner;
}

class Simulation {
  readonly clock = virtualClock();
  readonly broker = memoryBroker({
    clock: this.clock,
    pollMs: 10,
    rebalanceTimeoutMs: 50,
    transactionTimeoutMs: 400,
    fetchRecords: 5,
    transactionRecords: 4,
  });
  readonly #mill = memory({ service: 'mill', clock: this.clock });
  readonly #echo: Database<MemoryTx> = memory({ service: 'echo', clock: this.clock });
  readonly #running: Running[] = [];
  readonly #failures: { text: string }[] = [];
  #appended = 0;

  constructor(readonly plant: Plant) {}

  get alive(): readonly Running[] {
    return this.#running.filter(({ process }) => !process.dead);
  }

  start(role: Running['role']): void {
    const process = new Process();
    const options = {
      clock: this.clock,
      backoff: { firstMs: 5, maxMs: 40 },
      onError: (error: unknown, name: string, final: boolean) => {
        if (final && !process.dead) this.#failures.push({ text: `${name} gave up: ${String(error)}` });
      },
    };
    const owner = `${role} ${this.#running.length}`;
    const runner = role === 'relay' ? this.#relay(process, owner, options) : this.#hear(process, owner, options);
    this.#running.push({ role, process, runner });
    runner.start();
  }

  async append(count: number, below: (limit: number) => number): Promise<void> {
    for (let n = 0; n < count; n++)
      await this.#mill.events.append({
        stream: `bag-${below(7)}`,
        events: [Bags.Filled({ n: this.#appended++ })],
        expected: 'any',
      });
  }

  /** Heals everything, waits until all has arrived or nothing more comes, and compares. */
  async judged(): Promise<readonly (Anomaly | { text: string })[]> {
    for (const { process } of this.alive) process.thaw();
    this.broker.heal();
    for (let turn = 0; turn < 300 && (await this.#heard()).length < this.#appended; turn++)
      await this.clock.advance(20);
    await this.clock.advance(1_000); // what should not happen may still
    const dump = await this.#dump();
    const stopping = this.alive.map(({ runner }) => runner.stop());
    await untilDone(this.clock, stopping);
    return [...this.#failures, ...checkHistory([], dump)];
  }

  #relay(process: Process, owner: string, options: object): Runner {
    const { events: log, relayMarks: marks, wakeUp, leases } = this.#mill;
    const honest = this.broker.topics().publisher!;
    const publisher = this.plant.publisher?.(honest, this.broker, this.clock) ?? honest;
    return relay(
      {
        log: process.ports(log),
        marks: process.ports(marks),
        wakeUp,
        leases: process.ports(leases),
        publisher: { begin: async (begun) => process.ports(await process.ports(publisher).begin(begun)) },
        topics: [topic],
        owner,
        leaseTtlMs: LEASE_MS,
      },
      options,
    );
  }

  #hear(process: Process, owner: string, options: object): Runner {
    const database = this.plant.echo?.(this.#echo) ?? this.#echo;
    const honest = this.broker.topics({ group: 'echo' }).source(topic);
    const source = this.plant.source?.(honest, this.broker, topic) ?? honest;
    const handler = reactionHandler<MemoryTx>(
      reaction({
        name: 'hear',
        from: [Bags],
        startFrom: 'beginning',
        on: {
          Filled: async ({ id, stream }, { tx }) => {
            const heard = { stream: `heard-${stream}`, events: [Echoes.Heard({ id })], expected: 'any' } as const;
            await database.events.append(heard, { tx });
            await process.pass();
          },
        },
      }),
    );
    const { checkpoints, parked, transactions, leases } = database;
    return subscription<MemoryTx>(
      {
        name: 'hear',
        sources: [process.source(source)],
        from: 'beginning',
        handler,
        oneWriter: false,
        owner,
        checkpoints: process.ports(checkpoints),
        parked,
        transactions: process.ports(transactions),
        leases,
        catalog: eventCatalog([Bags]),
      },
      options,
    );
  }

  async #heard(): Promise<{ id: string }[]> {
    const heard: { id: string }[] = [];
    for await (const batch of this.#echo.events.readLog({ after: 0n }))
      heard.push(...batch.events.map(({ data }) => data as { id: string }));
    return heard;
  }

  async #dump() {
    const logged = [];
    for await (const batch of this.#mill.events.readPublished({ after: 0n })) logged.push(...batch.events);
    const partitions = this.broker
      .dump(topic.name)
      .map((stored) =>
        stored.flatMap(({ record }) => ('log' in record ? [{ ...record.event, previous: record.previous }] : [])),
      );
    return {
      events: logged,
      topics: [{ name: topic.name, partitions }],
      subscriptions: [{ name: 'hear', topic: topic.name, effects: await this.#heard() }],
    };
  }
}
