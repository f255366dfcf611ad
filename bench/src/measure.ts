import type { Cluster, Nodes } from './cluster.js';
import type { CaseFindings } from './contest.js';
import type { Server } from './server.js';

/** One question about speed that has a number for its answer. */
export interface Measure {
  readonly id: string;
  /** What is measured, in a sentence. */
  readonly sentence: string;
  /** What the ratio to the limit has to be. */
  readonly target: string;
  run(bench: Bench): Promise<Findings>;
}

/** What a measure works with. */
export interface Bench {
  readonly server: Server;
  /** The Kafka to measure on, started when it is first asked for: of so many nodes as the caller of the run wants. */
  cluster(): Promise<Cluster>;
  readonly nodes: Nodes;
  /** A folder for files, relative to the root of the checkout. */
  readonly home: string;
  /** A first impression instead of figures to quote: fewer and shorter rounds. */
  readonly quick: boolean;
  /** Progress, for the person who waits. */
  say(line: string): void;
}

/** What a measure found. */
export interface Findings {
  readonly cases: readonly CaseFindings[];
  readonly rounds: number;
  /** What each contestant promised while it was measured. */
  readonly guarantees: readonly string[];
  /** What one has to know to read the numbers. */
  readonly notes?: readonly string[];
}
