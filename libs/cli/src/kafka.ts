import type { Publisher } from '@logfold/core';
import { kafkaTopics, type KafkaOptions } from '@logfold/kafka';
import { kafkaSecurity, kafkaVariables } from '@logfold/kafka/environment';
import { InvalidCommandLine, type GlobalOptions, type Surroundings } from './context.js';

/** The Kafka that is given, with the TLS and the credentials of the environment; undefined when none is. @throws InvalidVariable */
export function givenKafka({ brokers: given }: GlobalOptions, env: Surroundings['env']): KafkaOptions | undefined {
  const brokers = (given ?? env['KAFKA_BROKERS'])?.split(',').filter(Boolean);
  return brokers?.length ? { brokers, ...kafkaSecurity(env) } : undefined;
}

/** The Kafka, which must be given. @throws InvalidCommandLine, InvalidVariable */
export function requiredKafka(options: GlobalOptions, env: Surroundings['env']): KafkaOptions {
  const kafka = givenKafka(options, env);
  if (kafka) return kafka;
  throw new InvalidCommandLine('No broker is given: set KAFKA_BROKERS, or write --brokers host:9092,other:9092');
}

/** What sends records to the Kafka that must be given. @throws InvalidCommandLine, InvalidVariable */
export function givenPublisher(options: GlobalOptions, env: Surroundings['env']): Publisher {
  return kafkaTopics(requiredKafka(options, env)).publisher!;
}

/** How the brokers were spoken to: what to look at when they did not answer, or refused. Shows no secret. */
export function howSpoken(env: Surroundings['env']): string {
  const { ssl, sasl } = kafkaSecurity(env);
  const who = sasl
    ? `as the user ${JSON.stringify(env['KAFKA_SASL_USERNAME'])}`
    : 'without credentials (KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD are not set)';
  return `logfold spoke ${ssl ? 'over TLS' : 'without TLS (KAFKA_SSL is not true)'} and ${who}`;
}

/** The variables of Kafka, for the help. */
export const kafkaHelp = `
Environment for a Kafka that asks for TLS or credentials. They are read from nowhere else: arguments can be seen by others.
${Object.entries(kafkaVariables)
  .map(([name, meaning]) => `  ${name.padEnd(22)}${meaning}`)
  .join('\n')}`;
