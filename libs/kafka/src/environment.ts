import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { LogfoldError } from '@logfold/core';
import type { SASLOptions } from 'kafkajs';
import type { KafkaOptions } from './options.js';

/** What variables hold; `process.env`. An empty one counts as not set. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The variables that say how a Kafka is spoken to, and what each has to hold. Beside KAFKA_BROKERS, which says where it is. */
export const kafkaVariables = {
  KAFKA_SSL: 'true for TLS, false for none; none unless given',
  KAFKA_SSL_CA_FILE: 'the path of a PEM file: authorities to trust instead of the usual ones',
  KAFKA_SSL_CERT_FILE: 'the path of a PEM file: the certificate of a client that the brokers know by it',
  KAFKA_SSL_KEY_FILE: 'the path of a PEM file: the key of that certificate',
  KAFKA_SASL_MECHANISM: 'plain, scram-sha-256 or scram-sha-512',
  KAFKA_SASL_USERNAME: 'the name of the user',
  KAFKA_SASL_PASSWORD: "the user's password",
} as const;

type Variable = keyof typeof kafkaVariables;

const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;

/** A variable of the environment is missing, or holds what cannot work. The text names it and says what to set; it shows no secret. */
export class InvalidVariable extends LogfoldError {
  readonly code = 'invalid-variable';
  constructor(
    readonly variable: string,
    /** The text behind the variable's name. */
    readonly why: string,
    options?: ErrorOptions,
  ) {
    super(`${variable} ${why}`, options);
  }
}

/**
 * TLS and credentials as the environment has them, in the variables of `kafkaVariables`; nothing of them is set in most
 * developments. Secrets are taken from nowhere else.
 * @throws InvalidVariable
 * @example kafka: { brokers, ...kafkaSecurity(process.env) }
 */
export function kafkaSecurity(env: Environment): Pick<KafkaOptions, 'ssl' | 'sasl'> {
  return { ...tls(env), ...credentials(env) };
}

function tls(env: Environment): Pick<KafkaOptions, 'ssl'> {
  const given = valueOf(env, 'KAFKA_SSL') ?? 'false';
  if (given !== 'true' && given !== 'false')
    throw new InvalidVariable('KAFKA_SSL', `is ${JSON.stringify(given)}: it must be true or false`);
  const files = {
    ca: pemOf(env, 'KAFKA_SSL_CA_FILE'),
    cert: pemOf(env, 'KAFKA_SSL_CERT_FILE'),
    key: pemOf(env, 'KAFKA_SSL_KEY_FILE'),
  };
  together(env, 'KAFKA_SSL_CERT_FILE', 'KAFKA_SSL_KEY_FILE');
  const set = Object.entries(files).filter(([, pem]) => pem !== undefined);
  if (given === 'true') return { ssl: set.length === 0 ? true : (Object.fromEntries(set) as ConnectionOptions) };
  if (set.length === 0) return {};
  throw new InvalidVariable('KAFKA_SSL', 'is not true, though there are files for TLS: set KAFKA_SSL=true');
}

function credentials(env: Environment): Pick<KafkaOptions, 'sasl'> {
  together(env, 'KAFKA_SASL_MECHANISM', 'KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD');
  const given = valueOf(env, 'KAFKA_SASL_MECHANISM');
  if (given === undefined) return {};
  const mechanism = MECHANISMS.find((known) => known === given.toLowerCase()); // Kafka's own tools write SCRAM-SHA-512
  if (mechanism === undefined)
    throw new InvalidVariable(
      'KAFKA_SASL_MECHANISM',
      `is ${JSON.stringify(given)}: it must be ${kafkaVariables.KAFKA_SASL_MECHANISM}`,
    );
  const username = valueOf(env, 'KAFKA_SASL_USERNAME')!;
  const password = valueOf(env, 'KAFKA_SASL_PASSWORD')!;
  return { sasl: { mechanism, username, password } as SASLOptions };
}

/** Variables of which none works without the others. */
function together(env: Environment, ...names: readonly Variable[]): void {
  const set = names.find((name) => valueOf(env, name) !== undefined);
  const missing = names.find((name) => valueOf(env, name) === undefined);
  if (set !== undefined && missing !== undefined)
    throw new InvalidVariable(missing, `is not set, though ${set} is: give ${kafkaVariables[missing]}`);
}

function pemOf(env: Environment, name: Variable): string | undefined {
  const path = valueOf(env, name);
  if (path === undefined) return undefined;
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const { code } = cause as { code?: string };
    throw new InvalidVariable(
      name,
      `names ${JSON.stringify(path)}, which cannot be read (${code}): give ${kafkaVariables[name]}`,
      { cause },
    );
  }
  if (text.includes('-----BEGIN ')) return text;
  throw new InvalidVariable(name, `names ${JSON.stringify(path)}, which is no PEM file: give ${kafkaVariables[name]}`);
}

function valueOf(env: Environment, name: Variable): string | undefined {
  return env[name] || undefined;
}
