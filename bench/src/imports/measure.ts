/**
 * M2. How many events a second `npm run import` brings into the log, from the packed file of a real year of sales to the
 * last commit: unpacking, parsing, checking rows, gathering invoices, deciding every line by the rules of stock, and
 * appending, each invoice whole or not at all. Its two read models run beside it in the same process, as they do for
 * a user; the time until they have caught up as well is told apart.
 *
 * The limit is a COPY of the very same rows, all columns that a writer sets, in one transaction into an empty log of
 * ours: the same table, indexes, fence and checks. It decides nothing and knows every event beforehand.
 * The peer appends the first of these events, one `appendToStream` with the expected version for each command, 16 in
 * flight, without loading or deciding anything and without reading the file: less work than the import does.
 *
 * Not measured: a network, an import into a log that is in use, the start of the process.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { contest, type Contestant } from '../contest.js';
import { emmettName } from '../emmett.js';
import type { Bench, Findings, Measure } from '../measure.js';
import { copyIn, copyOut } from './copy.js';
import { importSales } from './import.js';
import { appendCommands, readCommands, type Command } from './peer.js';
import { salesFile } from './sales.js';

/** M2. */
export const imports: Measure = {
  id: 'M2',
  sentence: 'The import of a year of sales from its packed file, beside COPY of the same events into the same table.',
  target: 'at least 0.5',
  run,
};

async function run(bench: Bench): Promise<Findings> {
  const rounds = bench.quick ? 1 : 3;
  const sales = await salesFile(bench.home);
  const rows = join(bench.home, `events-${process.pid}.copy`);
  try {
    const { events, commands } = await prepare(bench, sales.path, rows);
    const completed: number[] = [];
    const ours = fresh(bench, 'Logfold import', async (url) => {
      const summary = await importSales(url, sales.path);
      completed.push(summary.wholeSeconds);
      return summary.appended / summary.seconds;
    });
    const limit = fresh(bench, 'COPY', async (url) => events / (await copyIn(url, rows)));
    const peer = fresh(bench, emmettName(), (url) => appendCommands(url, commands));
    const name = `${events.toLocaleString('en-US')} events of ${sales.name}`;
    const onRound = (round: number): void => bench.say(`round ${round + 1} of ${rounds}`);
    const found = await contest(name, { ours, limit, peers: [peer] }, rounds, onRound);
    return { cases: [found], rounds, guarantees, notes: notes(completed, commands) };
  } finally {
    await rm(rows, { force: true });
  }
}

const guarantees = [
  'Logfold: durable, every invoice whole or not at all, expected versions checked, rules of stock upheld, safe to stop and to repeat.',
  'COPY: durable, all or nothing, the same fence, keys and checks; no rules.',
  'Emmett: durable, expected versions checked, every command for itself; no rules.',
];

function notes(completed: readonly number[], commands: readonly Command[]): string[] {
  const seconds = [...completed].sort((a, b) => a - b)[completed.length >> 1]!;
  return [
    `Until the read models had caught up too, the command took ${seconds.toFixed(1)} s (median).`,
    `Emmett appended the first ${commands.length.toLocaleString('en-US')} commands only.`,
  ];
}

/** One import that is not measured: it gives the rows for COPY and the commands for the peer, and warms the disk's cache. */
async function prepare({ server, quick, say }: Bench, path: string, rows: string) {
  say('importing once, to have the events');
  const url = await server.database('prepared');
  const { appended } = await importSales(url, path);
  say('exporting the events');
  await copyOut(url, rows);
  const commands = await readCommands(url, quick ? 5_000 : 20_000);
  await server.drop(url);
  return { events: appended, commands };
}

/** A contestant that gets an empty database for every round. */
function fresh({ server }: Bench, name: string, work: (url: string) => Promise<number>): Contestant {
  return {
    name,
    async round() {
      const url = await server.database('imports');
      await server.settle();
      try {
        return { perSecond: await work(url) };
      } finally {
        await server.drop(url);
      }
    },
  };
}
