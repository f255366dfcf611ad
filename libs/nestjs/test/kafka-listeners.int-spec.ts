import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { events, reaction, type, type Instrumentation } from '@logfold/core';
import { eventually, memory } from '@logfold/testing';
import { testKafka, testKafkaTimeoutMs } from '../../../test/support/kafka.js';
import { LogfoldModule } from '../src/index.js';
import { silent } from './silent.js';

const run = randomUUID().slice(0, 8);
const [desk, office] = [`desk_${run}`, `office_${run}`];
const NoteEvents = events(`${desk}.note`, { partitions: 1 }, { NoteWritten: type<{ readonly id: string }>() });
const LabelEvents = events(`${office}.label`, { partitions: 1 }, { LabelPrinted: type<{ readonly id: string }>() });
const Hear = reaction({ name: 'hear', from: [LabelEvents], startFrom: 'beginning', on: { LabelPrinted: () => {} } });

let brokers: readonly string[];
let app: TestingModule | undefined;
beforeAll(async () => {
  ({ brokers } = await testKafka());
}, testKafkaTimeoutMs);
afterAll(async () => {
  jest.restoreAllMocks();
  await app?.close();
});

it('what Kafka tells goes to its listeners, to the log and to the instrumentation', async () => {
  const [alarms, watched, warnings]: [string[], string[], string[]] = [[], [], []];
  const logged = jest.spyOn(Logger.prototype, 'warn');
  const kafka = {
    brokers,
    onAlarm: ({ kind, topic }: { readonly kind: string; readonly topic: string }) =>
      void alarms.push(`${kind} ${topic}`),
    onWarning: (warning: string) => void warnings.push(warning),
  };
  const instrumentation: Instrumentation = {
    database: (database) => database,
    topics: (topics) => topics,
    handler: (handler) => handler,
    subscription: (handler) => handler,
    alarm: (service, { kind, topic }) => void watched.push(`${service}: ${kind} ${topic}`),
    observe: () => () => {},
  };
  const database = memory({ service: desk });
  const imports = [
    LogfoldModule.forRoot({ service: desk, database, kafka, instrumentation }),
    LogfoldModule.forFeature([NoteEvents, Hear]),
  ];
  app = await Test.createTestingModule({ imports }).setLogger(silent).compile();
  await app.init();

  const missing = `topic missing ${office}.label`;
  const single = `Topic "${desk}.note" is made with one replica`;
  await eventually(
    () => {
      const lines = logged.mock.calls.map(([line]) => String(line));
      expect(alarms).toContain(missing);
      expect(watched).toContain(`${desk}: ${missing}`);
      expect(lines).toContain(`topic missing: topic ${office}.label`);
      expect(warnings).toContainEqual(expect.stringContaining(single));
      expect(lines).toContainEqual(expect.stringContaining(single));
    },
    { timeoutMs: 20_000 },
  );
});
