import { appends } from './appends/measure.js';
import { imports } from './imports/measure.js';
import type { Measure } from './measure.js';

/** All measures. */
export const measures: readonly Measure[] = [appends, imports];
