import { parseArgs } from 'node:util';
import { localKafka, localPostgres } from './servers.mjs';
import { isStopping, onStop, run, setup } from './setup.mjs';

// npm run services                          a Postgres
// npm run services -- --kafka [--nodes 3]   and a Kafka, of one node or three
await setup(import.meta.filename);
const { kafka, nodes } = options();
run('node_modules/typescript/bin/tsc', '-b', 'libs/dev-services');
const starts = [];
const stay = setInterval(() => {}, 60_000);
onStop(async () => {
  const started = await Promise.allSettled(starts);
  await Promise.allSettled(started.map(({ value }) => value?.stop()));
  clearInterval(stay);
  process.exit(0);
});
starts.push(localPostgres());
const postgres = await starts[0];
console.log(`DATABASE_URL=${postgres.url}`);
if (kafka) {
  starts.push(localKafka(nodes));
  try {
    console.log(`KAFKA_BROKERS=${(await starts[1]).brokers.join(',')}`);
  } catch (error) {
    if (!isStopping()) console.error(error.message); // else Ctrl-C reached what was preparing Kafka too
    await postgres.stop();
    process.exit(isStopping() ? 0 : 1);
  }
}

function options() {
  try {
    const { values } = parseArgs({ options: { kafka: { type: 'boolean' }, nodes: { type: 'string', default: '1' } } });
    if (['1', '3'].includes(values.nodes)) return { kafka: values.kafka, nodes: Number(values.nodes) };
    console.error('--nodes is 1 or 3');
  } catch (error) {
    console.error(error.message);
  }
  process.exit(2);
}
