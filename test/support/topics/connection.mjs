// How the services of the tests hear each other: through Kafka, or from the mill's log.
import { logTopics } from '@logfold/core';
import { kafkaTopics } from '@logfold/kafka';
import { postgresDatabase } from '@logfold/postgres';

/** @returns the service's topics, and what to close at its end. */
export function connected({ service, mill, url, brokers, through = 'kafka', heal = false, kafka = {} }) {
  const database = postgresDatabase({ service: mill, url, schema: mill });
  const logs = heal ? { [mill]: database.events } : {};
  return {
    topics:
      through === 'kafka'
        ? kafkaTopics({ brokers, clientId: service, logs, ...kafka })
        : logTopics({ [mill]: database }),
    close: () => database.close(),
  };
}

/** Ends the process in good order when it is told to, and says what went wrong on the way. */
export function said(error, name, final) {
  console.log(`${final ? 'failed' : 'error'} ${name} ${error.code ?? error.name}: ${error.message}`);
}
