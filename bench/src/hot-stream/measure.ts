/**
 * M11. How many reservations of one SKU one process makes in a second, none of them of a piece that is not there.
 *
 * Ours is a decider over one stream: commands that come meanwhile are decided in turn and share an append. The limit is
 * how it is done by hand: BEGIN, SELECT … FOR UPDATE of the one row, a check, UPDATE, INSERT of the reservation, COMMIT,
 * each transaction on a connection of its own out of 16, statements prepared.
 *
 * After each round what was told is compared with what is stored: every reservation once, and never more than received.
 * Each fourth order asks for more than there is: rejections are part of the work. Not measured: HTTP, a network, keys.
 */
import { closedLoop } from '../closed-loop.js';
import { openConnections } from '../connections.js';
import { contest, type CaseFindings } from '../contest.js';
import type { Bench, Findings, Measure } from '../measure.js';
import { postgresDatabase } from '@logfold/postgres';
import { reserveLocked } from './limit.js';
import { reserveOurs } from './ours.js';

/** M11. */
export const hotStream: Measure = {
  id: 'M11',
  sentence: 'Reservations of one SKU without overselling, beside a loop with SELECT … FOR UPDATE.',
  target: 'at least 3 at 64 in flight',
  run,
};

const CONNECTIONS = 16;
const IN_FLIGHT = [1, 16, 64];

async function run(bench: Bench): Promise<Findings> {
  const rounds = bench.quick ? 2 : 5;
  const cases: CaseFindings[] = [];
  for (const inFlight of IN_FLIGHT) cases.push(await runCase(bench, inFlight, rounds));
  return {
    cases,
    rounds,
    guarantees: [
      'Both: durable at the answer, nothing oversold, checked after each round.',
      'Ours keeps every reservation as an event; answers of a batch wait for its commit.',
    ],
  };
}

async function runCase({ server, quick, say }: Bench, inFlight: number, rounds: number): Promise<CaseFindings> {
  const name = `${inFlight} in flight`;
  const url = await server.database('hot');
  const database = postgresDatabase({ service: 'bench', url });
  const sql = openConnections(url, CONNECTIONS);
  try {
    await database.open();
    const [ours, limit] = [await reserveOurs(database), await reserveLocked(sql)];
    const working = ({ reserve, check }: typeof ours) => ({
      async round() {
        const sample = await closedLoop(inFlight, quick ? 500 : 2_000, reserve);
        await check();
        return sample;
      },
    });
    const contestants = {
      ours: { name: 'Logfold, one stream', ...working(ours) },
      limit: { name: 'SELECT … FOR UPDATE', ...working(limit) },
      peers: [],
    };
    await contest(name, contestants, 1, () => say(`${name}: warming up`));
    await server.settle();
    return await contest(name, contestants, rounds, (round) => say(`${name}: round ${round + 1} of ${rounds}`));
  } finally {
    await Promise.all([database.close(), sql.end({ timeout: 5 })]);
    await server.drop(url);
  }
}
