import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openCluster, type Cluster, type Nodes } from './cluster.js';
import { machine } from './machine.js';
import { measures } from './measures.js';
import { reportJson, reportText } from './report.js';
import { openServer } from './server.js';

const USAGE = `Usage: npm run bench -- MEASURE [--quick] [--json] [--nodes 3]

${measures.map(({ id, sentence, target }) => `  ${id}  ${sentence} Target: ${target}.`).join('\n')}

  --quick  fewer and shorter rounds: a first impression
  --json   the last line of the output is the report as JSON
  --nodes  how many Kafka brokers, 1 or 3; one unless given

DATABASE_URL   a Postgres to measure on, its login a superuser; a durable embedded one unless given
KAFKA_BROKERS  a Kafka to measure on, of so many brokers; an embedded one unless given
LOGFOLD_SALES  the real year of sales for M2 and M6; what lies beside the checkout unless given, made-up sales elsewhere`;

const HOME = join('.logfold', 'bench');

process.exitCode = await main();

async function main(): Promise<number> {
  const flag = { type: 'boolean' } as const;
  const options = { quick: flag, json: flag, help: flag, nodes: { type: 'string', default: '1' } } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const wanted = positionals.map((id) => measures.find((measure) => measure.id === id.toUpperCase()));
  if (wanted.length === 0 || values.help) {
    console.log(USAGE);
    return 0;
  }
  if (wanted.includes(undefined) || !['1', '3'].includes(values.nodes)) {
    console.error(USAGE);
    return 1;
  }
  mkdirSync(HOME, { recursive: true });
  const server = await openServer(process.env['DATABASE_URL'], HOME);
  const nodes: Nodes = values.nodes === '3' ? 3 : 1;
  let cluster: Promise<Cluster> | undefined;
  const close = async (): Promise<void> => {
    await (await cluster?.catch(() => undefined))?.close();
    await server.close();
  };
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      interrupted.abort();
      void close().finally(() => process.exit(130)); // whoever is at work fails for want of a database
    });
  try {
    for (const measure of wanted) {
      const where = machine(server.description);
      const say = (line: string): void => console.error(`${measure!.id}: ${line}`);
      const bench = { server, home: HOME, quick: values.quick ?? false, say, nodes };
      const findings = await measure!.run({ ...bench, cluster: () => (cluster ??= openCluster(HOME, nodes)) });
      console.log(values.json ? reportJson(measure!, findings, where) : reportText(measure!, findings, where));
    }
    return 0;
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    return 130;
  } finally {
    await close();
  }
}
