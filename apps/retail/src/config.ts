import { LogfoldError } from '@logfold/core';
import type { DynamicModule } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { z } from 'zod';

const aPort = 'must be a whole number from 0 to 65535; 0 takes any free port';

const aSeed = 'must be a whole number from 0 to 999999999';

/** What the retail application reads from its environment. */
export const Config = z.object({
  DATABASE_URL: z.url({
    protocol: /^postgres(ql)?$/,
    error: ({ input }) =>
      input === undefined || input === ''
        ? 'is not set: give the address of a Postgres, such as DATABASE_URL=postgres://user:secret@localhost:5432/shop, or let "npm start" bring one'
        : 'must be an address such as postgres://user:secret@localhost:5432/shop',
  }),
  /** Where it listens; `0.0.0.0` in a container. */
  HOST: z.string().min(1).default('localhost'),
  PORT: z.coerce.number(aPort).int(aPort).min(0, aPort).max(65_535, aPort).default(3000),
  /** `off`: no simulated trading. */
  SIMULATE: z.enum(['on', 'off'], 'must be on or off').default('on'),
  /** What the simulator trades follows from it. */
  SEED: z.coerce.number(aSeed).int(aSeed).min(0, aSeed).max(999_999_999, aSeed).default(1),
});

/** The validated configuration. */
export type Config = z.infer<typeof Config>;

/** The environment lacks something, or holds what cannot work. */
export class InvalidEnvironment extends LogfoldError {
  readonly code = 'invalid-environment';
}

/** Reads and checks the environment, and a file `.env` where there is one. @throws InvalidEnvironment */
export function loadConfig(): Promise<DynamicModule> {
  return ConfigModule.forRoot({ isGlobal: true, cache: true, validate: checked });
}

/** By `validate`, not by `validationSchema`: the error is ours, one sentence that says what to set. */
function checked(environment: Record<string, unknown>): Config {
  const { success, data, error } = Config.safeParse(environment);
  if (success) return data;
  throw new InvalidEnvironment(error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; '));
}
