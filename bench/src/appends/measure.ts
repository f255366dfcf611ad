/**
 * M1. How many events with an expected version one process can append in a second, one event a call, when so many
 * calls are in flight at a time; and how long a call takes.
 *
 * The limit is what the database does when it is asked to promise nothing: the same row into the same columns and
 * indexes by a prepared one-row INSERT on 16 connections, without the fence and the immutability trigger, without a
 * look at the stream's version, without an answer to decode. More than it can only be reached by sharing commits.
 * The peer appends the same events as its documentation shows it, also on 16 connections. Ours uses 2.
 *
 * Measured: the call from the event's creation to its durable commit. Not measured: a network (everybody is on
 * loopback), validation, handlers that load and fold streams first, many processes at once, and open arrivals: in a closed loop
 * calls come back together, so that batches are as large as they get.
 */
import { postgresDatabase } from '@logfold/postgres';
import { closedLoop } from '../closed-loop.js';
import { openConnections } from '../connections.js';
import { contest, type CaseFindings, type Contestant } from '../contest.js';
import { emmettName, openEmmett } from '../emmett.js';
import type { Bench, Findings, Measure } from '../measure.js';
import { appendPlainly, createLimitTable } from './limit.js';
import { appendOurs } from './ours.js';
import { appendToEmmett } from './peer.js';
import { Workload, type OneAppend, type Shape } from './workload.js';

/** M1. */
export const appends: Measure = {
  id: 'M1',
  sentence: 'Appends of one event with an expected version, beside one-row INSERTs on 16 connections.',
  target: 'at least 3 at 64 in flight, at least 0.9 at 1',
  run,
};

const CONNECTIONS = 16;
const SHAPES: readonly Shape[] = ['new', 'growing'];
const IN_FLIGHT = [1, 16, 64, 256];

async function run(bench: Bench): Promise<Findings> {
  const rounds = bench.quick ? 2 : 5;
  const cases: CaseFindings[] = [];
  for (const shape of SHAPES)
    for (const inFlight of IN_FLIGHT) {
      const name = `${shape} streams, ${inFlight} in flight`;
      cases.push(await runCase(bench, name, shape, inFlight, rounds));
    }
  return {
    cases,
    rounds,
    guarantees: [
      'Ours: durable at the answer, expected version checked, order safe to read by position, lost answers resolved, immutable rows.',
      'Limit: durable at the answer, a version refused when it is taken.',
      'Emmett: durable at the answer, expected version checked.',
    ],
  };
}

async function runCase(
  { server, quick, say }: Bench,
  name: string,
  shape: Shape,
  inFlight: number,
  rounds: number,
): Promise<CaseFindings> {
  const url = await server.database('appends');
  const emmettUrl = await server.database('emmett');
  const database = postgresDatabase({ service: 'bench', url, schema: 'logfold' });
  const sql = openConnections(url, CONNECTIONS);
  await database.open();
  await createLimitTable(sql, 'logfold');
  const emmett = await openEmmett(emmettUrl, CONNECTIONS);
  const contestant = (who: string, append: (one: OneAppend) => Promise<unknown>): Contestant => {
    const workload = new Workload(shape);
    const work = (milliseconds: number) =>
      closedLoop(inFlight, milliseconds, (worker) => append(workload.next(worker)));
    return { name: who, round: () => work(100).then(() => work(quick ? 400 : 1_500)) };
  };
  try {
    const contestants = {
      ours: contestant('Logfold', appendOurs(database)),
      limit: contestant('one-row INSERT', appendPlainly(sql)),
      peers: [contestant(emmettName(), appendToEmmett(emmett))],
    };
    await contest(name, contestants, 1, () => say(`${name}: warming up`));
    await server.settle();
    return await contest(name, contestants, rounds, (round) => say(`${name}: round ${round + 1} of ${rounds}`));
  } finally {
    await Promise.all([database.close(), sql.end({ timeout: 5 }), emmett.close()]);
    await server.drop(url);
    await server.drop(emmettUrl);
  }
}
