/**
 * M8. How many commands over HTTP one process answers in a second: a request, a command, a decision on the state of its
 * stream, an append, the answer.
 *
 * The limit is the least that anybody can do who keeps what was asked: a bare Fastify handler and a prepared one-row
 * INSERT into the same columns and indexes on 16 connections; it checks nothing, folds nothing, and expects no version.
 * The peer is what Nest gives by default, Express, and a service that updates one row: it keeps no history.
 *
 * Each server is a process of its own; the one that asks is the same for all and shares the two cores with them, which
 * brings all of them closer together. Streams are 1,000, so their states are in the cache. Not measured: a network,
 * schemas of a library, authentication, logging, many processes at once.
 */
import { closedLoop } from '../closed-loop.js';
import { createLimitTable } from '../appends/limit.js';
import { openConnections } from '../connections.js';
import { contest, type CaseFindings, type Contestant } from '../contest.js';
import type { Bench, Findings, Measure } from '../measure.js';
import { postgresDatabase } from '@logfold/postgres';
import { startServer, type ServerProcess } from './server-process.js';

/** M8. */
export const http: Measure = {
  id: 'M8',
  sentence: 'Commands over HTTP, beside a bare Fastify handler with one INSERT.',
  target: 'at least 0.8',
  run,
};

const IN_FLIGHT = [1, 16, 64];

async function run(bench: Bench): Promise<Findings> {
  const { server, quick, say } = bench;
  const rounds = quick ? 2 : 5;
  const url = await server.database('http');
  await prepare(url);
  const servers: ServerProcess[] = [];
  const start = async (script: string): Promise<ServerProcess> => {
    const started = await startServer(script, url);
    servers.push(started);
    return started;
  };
  try {
    const [limit, ours, peer] = [await start('limit.js'), await start('ours.js'), await start('peer.js')];
    for (const each of servers) await each.askForAll();
    const cases: CaseFindings[] = [];
    for (const inFlight of IN_FLIGHT) {
      const name = `${inFlight} in flight`;
      const contestant = (who: string, { ask }: ServerProcess): Contestant => ({
        name: who,
        round: () => closedLoop(inFlight, quick ? 500 : 2_000, ask),
      });
      const contestants = {
        ours: contestant('Logfold on Nest and Fastify', ours),
        limit: contestant('Fastify and one INSERT', limit),
        peers: [contestant('Nest, Express and one UPDATE', peer)],
      };
      await contest(name, contestants, 1, () => say(`${name}: warming up`));
      await server.settle();
      cases.push(await contest(name, contestants, rounds, (round) => say(`${name}: round ${round + 1} of ${rounds}`)));
    }
    return {
      cases,
      rounds,
      guarantees: [
        'Ours: validated, decided on the folded state, expected version checked, durable at the answer.',
        'Limit: durable at the answer.',
        'Peer: durable at the answer; keeps the sum only.',
      ],
    };
  } finally {
    await Promise.all(servers.map((each) => each.close()));
    await server.drop(url);
  }
}

async function prepare(url: string): Promise<void> {
  const database = postgresDatabase({ service: 'bench', url });
  await database.open();
  await database.close();
  const sql = openConnections(url, 1);
  await createLimitTable(sql, 'logfold');
  await sql`CREATE TABLE plain.stock (sku text PRIMARY KEY, on_hand bigint NOT NULL) WITH (fillfactor = 50)`;
  await sql.end({ timeout: 5 });
}
