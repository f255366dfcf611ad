import { LogfoldError } from '@logfold/core';
import { InvalidVariable, kafkaSecurity, kafkaVariables } from '@logfold/kafka/environment';
import type { DynamicModule } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { z } from 'zod';

const aPort = 'must be a whole number from 0 to 65535; 0 takes any free port';

/** What every process of the example reads from its environment. */
export const HostConfig = z.object({
  DATABASE_URL: z.url({
    protocol: /^postgres(ql)?$/,
    error: ({ input }) =>
      input === undefined || input === ''
        ? 'is not set: give the address of a Postgres, such as DATABASE_URL=postgres://user:secret@localhost:5432/shop, or let "npm start" bring one'
        : 'must be an address such as postgres://user:secret@localhost:5432/shop',
  }),
  /** Where it listens; `0.0.0.0` in a container. */
  HOST: z.string().min(1).default('localhost'),
  /** Opens the admin routes, to this machine, for whoever sends it: `Authorization: Bearer …`. Without it there are none. */
  ADMIN_TOKEN: z.string().min(16, 'must have 16 characters at least, such as `openssl rand -hex 16` gives').optional(),
  PORT: z.coerce.number(aPort).int(aPort).min(0, aPort).max(65_535, aPort).default(3000),
});

/** The validated configuration of every process. */
export type HostConfig = z.infer<typeof HostConfig>;

const noKafka =
  'is not set: give the addresses of a Kafka, such as KAFKA_BROKERS=localhost:9092, or let "npm run start:services" bring one';

type SecurityVariable = keyof typeof kafkaVariables;
const securityVariables = Object.keys(kafkaVariables) as SecurityVariable[];

/** TLS and credentials of that Kafka. What they hold is checked by `kafkaSecurity`, as the command line has it checked. */
const KafkaSecurity = Object.fromEntries(securityVariables.map((name) => [name, z.string().optional()])) as Record<
  SecurityVariable,
  z.ZodOptional<z.ZodString>
>;

/** What a service reads that is a process of its own: it meets the others at a Kafka. */
export const ServiceConfig = HostConfig.extend({
  KAFKA_BROKERS: z
    .string(noKafka)
    .min(1, { error: noKafka, abort: true })
    .regex(
      /^[^\s,:]+:\d{1,5}(,[^\s,:]+:\d{1,5})*$/,
      'must be addresses such as localhost:9092, with commas between them',
    )
    .transform((brokers) => brokers.split(',')),
  ...KafkaSecurity,
}).superRefine((config, { addIssue }) => {
  try {
    securityOf((name) => config[name]);
  } catch (error) {
    if (!(error instanceof InvalidVariable)) throw error;
    addIssue({ code: 'custom', path: [error.variable], message: error.why });
  }
});

/** The validated configuration of a service in a process of its own. */
export type ServiceConfig = z.infer<typeof ServiceConfig>;

/** Where such a service has its database and meets the others: for its module's `forRootAsync`. */
export const fromEnvironment = {
  inject: [ConfigService],
  useFactory: (config: ConfigService<ServiceConfig, true>) => ({
    database: config.get('DATABASE_URL', { infer: true }),
    kafka: {
      brokers: config.get('KAFKA_BROKERS', { infer: true }),
      ...securityOf((name) => config.get(name, { infer: true })),
    },
  }),
};

function securityOf(read: (name: SecurityVariable) => string | undefined): ReturnType<typeof kafkaSecurity> {
  return kafkaSecurity(Object.fromEntries(securityVariables.map((name) => [name, read(name)])));
}

/** The environment lacks something, or holds what cannot work. */
export class InvalidEnvironment extends LogfoldError {
  readonly code = 'invalid-environment';
}

/** Reads and checks the environment, and a file `.env` where there is one. @throws InvalidEnvironment */
export function loadConfig(config: z.ZodType<object>): Promise<DynamicModule> {
  return ConfigModule.forRoot({ isGlobal: true, cache: true, validate: (found) => checked(config, found) });
}

/** By `validate`, not by `validationSchema`: the error is ours, one sentence that says what to set. */
function checked(config: z.ZodType<object>, environment: Record<string, unknown>): object {
  const { success, data, error } = config.safeParse(environment);
  if (success) return data;
  throw new InvalidEnvironment(error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; '));
}
