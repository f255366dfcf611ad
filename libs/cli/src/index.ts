export { runCli } from './cli.js';
export type { Surroundings } from './context.js';
