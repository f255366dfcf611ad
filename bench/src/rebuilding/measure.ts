/**
 * M6. How many events a second go through when three read models are rebuilt at once over the real year of sales: one reading
 * and decoding of the log for all three, folded in memory and copied into new tables, which then follow the log; and, told
 * apart, until each was proven as well and switched on, for which a sample of the rows of each is folded from the log once
 * more. The clock runs from the start of a service that finds its read models without tables.
 *
 * The limit reads type and data of every event with a cursor, 5,000 at a time, and parses the data as JSON, once. It looks at
 * nothing else of an event, folds nothing and writes nothing.
 *
 * The peers rebuild the same three read models over the log's beginning. Batch upserts: each model reads the log by itself, a
 * batch of 1,000 loads the rows it touches, folds them, and writes them with one upsert, one delete and the checkpoint.
 * Emmett: three multi-stream projections into documents, by `rebuildPostgreSQLProjections`.
 *
 * Not measured: a network, a log that is written to meanwhile, a log larger than memory.
 */
import { compared, compete, type Contestant, type Sample } from '../contest.js';
import { openConnections } from '../connections.js';
import { emmettName } from '../emmett.js';
import { importSales } from '../imports/import.js';
import { salesFile } from '../imports/sales.js';
import type { Bench, Findings, Measure } from '../measure.js';
import { copyToEmmett, rebuildByEmmett } from './emmett.js';
import { readWithCursor } from './limit.js';
import { checkRows, rebuild, type Rebuilt } from './ours.js';
import { rebuildByUpserts } from './upserts.js';

/** M6. */
export const rebuilding: Measure = {
  id: 'M6',
  sentence: 'Three read models rebuilt at once over a year of sales, beside a cursor and JSON.parse over the same log.',
  target: 'at least 0.6; at least 10 times batch upserts, 40 times Emmett',
  run,
};

async function run(bench: Bench): Promise<Findings> {
  const { server, quick, say } = bench;
  const rounds = quick ? 2 : 5;
  const [upserted, replayed] = quick ? [50_000, 3_000] : [200_000, 10_000];
  const sales = await salesFile(bench.home);
  say('importing the sales');
  const url = await server.database('year');
  await importSales(url, sales.path);
  await server.settle();
  const count = await countEvents(url);
  let number = 0;
  const took: Rebuilt[] = [];
  const ours: Contestant = {
    name: 'Logfold',
    async round() {
      const suffix = `r${++number}`;
      const found = await rebuild(url, suffix);
      await checkRows(url, suffix);
      took.push(found);
      return { perSecond: count / found.builtSeconds };
    },
  };
  const limit: Contestant = {
    name: 'cursor and JSON.parse',
    round: async () => ({ perSecond: await readWithCursor(url, count) }),
  };
  const peers: Contestant[] = [
    {
      name: 'batch upserts',
      round: async () => ({ perSecond: await rebuildByUpserts(url, `p${++number}`, upserted) }),
    },
    {
      name: emmettName(),
      async round() {
        const emmettUrl = await server.database(`emmett_${++number}`); // of its own: a second rebuild in one database took a fiftieth of the first
        await copyToEmmett(url, emmettUrl, replayed);
        await server.settle();
        return { perSecond: await rebuildByEmmett(emmettUrl, replayed) };
      },
    },
  ];
  const results = await compete({ ours, limit, peers }, rounds, (round) => say(`round ${round + 1} of ${rounds}`));
  const switched: Sample[] = took.map(({ switchedSeconds }) => ({ perSecond: count / switchedSeconds }));
  const all = `${count.toLocaleString('en-US')} events of ${sales.name}`;
  return {
    cases: [
      compared(`built: ${all}`, { ours, limit, peers }, results),
      compared('built, proven and switched on', { ours, limit, peers: [] }, { ...results, ours: switched, peers: [] }),
    ],
    rounds,
    guarantees,
    notes: [
      `The peers replayed the first ${upserted.toLocaleString('en-US')} and ${replayed.toLocaleString('en-US')} events only.`,
      'The rows of each round were compared with what SQL counts in the log.',
    ],
  };
}

const guarantees = [
  'Logfold: the tables are complete up to one position and follow the log from there; switched on only after comparison with a second fold.',
  'Batch upserts: each batch and its checkpoint in one transaction; readers see the rows while they are rebuilt.',
  'Emmett: each batch and its checkpoint in one transaction; the documents are truncated first.',
];

async function countEvents(url: string): Promise<number> {
  const sql = openConnections(url, 1);
  const [row] = await sql<{ events: number }[]>`SELECT count(*)::int AS events FROM inventory.events`;
  await sql.end({ timeout: 5 });
  return row!.events;
}
