// The service that publishes, in a process of its own for tests that kill and freeze it: appends to many streams until
// SIGUSR2, and relays until SIGTERM. Argument: the options as JSON.
import { logfold } from '@logfold/core';
import { postgresDatabase } from '@logfold/postgres';
import { setTimeout as pause } from 'node:timers/promises';
import { connected, said } from './connection.mjs';
import { millEvents, tally } from './definitions.mjs';

const options = JSON.parse(process.argv[2]);
const { mill, url, leaseTtlMs, everyMs = 30, streams = 12, authors = 7, most = 4_000, append = true } = options;
const database = postgresDatabase({ service: mill, url, schema: mill });
const { Bags, Notes, Secrets } = millEvents(mill);
const { topics, close } = connected({ ...options, service: mill });
const service = logfold({
  database,
  topics: options.plant === 'mark' ? { ...topics, publisher: withoutTails(topics.publisher) } : topics,
  definitions: [tally({ Bags, Notes })],
  run: ['relay'],
  leaseTtlMs,
  runner: { onError: said, backoff: { firstMs: 20, maxMs: 500 } },
});

let appending = append;
process.on('SIGUSR2', () => {
  appending = false;
  console.log('quiet');
});
process.on('SIGTERM', async () => {
  appending = false;
  await service.stop();
  await close();
  process.exit(0);
});
await service.start();
console.log('started');

/** One round: some bags at once, notes of one author, and now and then something that nobody else may know. */
async function round(n) {
  const to = (stream, ...made) => database.events.append({ stream, events: made, expected: 'any' });
  const text = 'x'.repeat((n * 37) % 400);
  await Promise.all([
    to(`bag-${n % streams}`, Bags.BagFilled({ n, text }), Bags.BagFilled({ n: n + 1, text })),
    to(`bag-${(n * 7) % streams}`, Bags.BagFilled({ n })),
    to(`note-${n % 3}`, Notes.NoteWritten({ n, author: `author-${(n * 5) % authors}` })),
    ...(n % 4 === 0 ? [to('secret-1', Secrets.SecretKept({ n }))] : []),
  ]);
}

if (options.large) {
  await database.events.append({
    stream: 'bag-0',
    events: [Bags.BagFilled({ n: 0, text: 'x'.repeat(options.large) })],
    expected: 'any',
  });
  console.log('large');
}
for (let n = 1; appending && n <= most; n++) {
  await round(n).catch((error) => said(error, 'append', false)); // the log is the truth: what is in it counts
  await pause(everyMs);
}

/** The planted bug: what the mark says was sent, was sent; nobody looks into the topics. */
function withoutTails(publisher) {
  return {
    async begin(begun) {
      const session = await publisher.begin(begun);
      return {
        partitions: session.partitions.map((partition) => ({ ...partition, last: undefined })),
        publish: (records) => session.publish(records),
        close: () => session.close(),
      };
    },
  };
}
