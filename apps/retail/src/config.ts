import { HostConfig } from '@logfold-example/hosting';
import { z } from 'zod';

const aSeed = 'must be a whole number from 0 to 999999999';

/** What the retail application reads from its environment. */
export const Config = HostConfig.extend({
  /** `off`: no simulated trading. */
  SIMULATE: z.enum(['on', 'off'], 'must be on or off').default('on'),
  /** What the simulator trades follows from it. */
  SEED: z.coerce.number(aSeed).int(aSeed).min(0, aSeed).max(999_999_999, aSeed).default(1),
});

/** The validated configuration. */
export type Config = z.infer<typeof Config>;
