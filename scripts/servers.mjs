import { resolve } from 'node:path';
import { isStopping, root } from './setup.mjs';

/** Where the servers of this checkout keep their data; a relative `LOGFOLD_DATA` begins at the checkout. */
const dataHome = () => resolve(root, process.env.LOGFOLD_DATA || '.logfold');

/** The Postgres of this checkout. Ends the script when there is none to be had. */
export async function localPostgres() {
  const { startPostgres } = await import('../libs/dev-services/dist/index.js');
  try {
    const postgres = await startPostgres({ home: dataHome() });
    console.log(`Postgres ${postgres.adopted ? 'runs already' : 'started'}, its data is in ${postgres.directory}`);
    return postgres;
  } catch (error) {
    if (isStopping()) process.exit(0); // Ctrl-C reaches initdb too
    console.error(error.message);
    process.exit(1);
  }
}

/** The Kafka of this checkout, of one node or three. @throws DevServiceError */
export async function localKafka(nodes = 1) {
  const { startKafka } = await import('../libs/dev-services/dist/index.js');
  const home = dataHome();
  console.log('Kafka starts; the first time it is fetched, which takes a while');
  const kafka = await startKafka({ home, jars: home, nodes });
  console.log(`Kafka ${kafka.adopted ? 'runs already' : 'started'}, its data is in ${kafka.directory}`);
  return kafka;
}
