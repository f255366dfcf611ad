import { appends } from './appends/measure.js';
import { draining } from './draining/measure.js';
import { exactlyOnce } from './exactly-once/measure.js';
import { hotStream } from './hot-stream/measure.js';
import { http } from './http/measure.js';
import { imports } from './imports/measure.js';
import { latency } from './latency/measure.js';
import type { Measure } from './measure.js';
import { reading } from './reading/measure.js';
import { rebuilding } from './rebuilding/measure.js';
import { takeover } from './takeover/measure.js';
import { telemetry } from './telemetry/measure.js';

/** All measures. */
export const measures: readonly Measure[] = [
  appends,
  imports,
  draining,
  latency,
  exactlyOnce,
  rebuilding,
  reading,
  http,
  takeover,
  hotStream,
  telemetry,
];
