import { divided, percentile, spread, type Spread } from './spread.js';

/** Somebody who does the same work as the others. */
export interface Contestant {
  readonly name: string;
  /** Works for a while. */
  round(): Promise<Sample>;
}

/** What one round gave. */
export interface Sample {
  readonly perSecond: number;
  /** How long each call took, in milliseconds, where calls are counted. */
  readonly latenciesMs?: Float64Array;
}

/** What a contestant reached over all rounds. */
export interface Figures {
  readonly name: string;
  readonly perSecond?: Spread;
  readonly p50Ms?: Spread;
  readonly p99Ms?: Spread;
  /** For what happens once a round. */
  readonly seconds?: Spread;
}

/** One case of a measure. */
export interface CaseFindings {
  readonly name: string;
  readonly ours: Figures;
  readonly limit: Figures;
  readonly peers: readonly Figures[];
  /** Ours by the limit, in the same round, unless `ratioIs` says what else it is. */
  readonly ratio: Spread;
  /** Ours by each peer, in the same round. */
  readonly peerRatios: readonly Spread[];
  /** What the ratio is, for people: `of the limit` unless given. */
  readonly ratioIs?: string;
}

/** Who takes part in a case. */
export interface Contestants {
  readonly ours: Contestant;
  readonly limit: Contestant;
  readonly peers: readonly Contestant[];
}

/** All samples of a contest, round by round; there is one more of the limit. */
export interface Results {
  readonly ours: readonly Sample[];
  readonly limit: readonly Sample[];
  readonly peers: readonly (readonly Sample[])[];
}

/** Lets all work in turn and compares the speeds. */
export async function contest(
  name: string,
  contestants: Contestants,
  rounds: number,
  onRound: (round: number) => void,
): Promise<CaseFindings> {
  return compared(name, contestants, await compete(contestants, rounds, onRound));
}

/** Lets all work in turn: limit, ours, peers, limit, ours, peers, …, limit. What else the machine does falls on all alike. */
export async function compete(
  { ours, limit, peers }: Contestants,
  rounds: number,
  onRound: (round: number) => void,
): Promise<Results> {
  const limits = [await limit.round()];
  const own: Sample[] = [];
  const others: Sample[][] = peers.map(() => []);
  for (let round = 0; round < rounds; round++) {
    onRound(round);
    own.push(await ours.round());
    for (const [index, peer] of peers.entries()) others[index]!.push(await peer.round());
    limits.push(await limit.round());
  }
  return { ours: own, limit: limits, peers: others };
}

/**
 * Divides ours by the mean of the limits right before and right after it, and by each peer of the same round.
 * @param value what is compared: the speed, unless given.
 */
export function compared(
  name: string,
  { ours, limit, peers }: Contestants,
  results: Results,
  value: (sample: Sample) => number = ({ perSecond }) => perSecond,
): CaseFindings {
  const own = results.ours.map(value);
  const limits = results.limit.map(value);
  const around = limits.slice(1).map((after, index) => (after + limits[index]!) / 2);
  return {
    name,
    ours: figures(ours, results.ours),
    limit: figures(limit, results.limit),
    peers: peers.map((peer, index) => figures(peer, results.peers[index]!)),
    ratio: spread(divided(own, around)),
    peerRatios: results.peers.map((samples) => spread(divided(own, samples.map(value)))),
  };
}

/** The latency that a share of a sample's calls does not exceed, to compare by. */
export function latencyAt(share: number): (sample: Sample) => number {
  return ({ latenciesMs }) => percentile(latenciesMs!, share);
}

function figures({ name }: Contestant, samples: readonly Sample[]): Figures {
  const latencies = samples.flatMap(({ latenciesMs }) => (latenciesMs ? [latenciesMs] : []));
  const at = (share: number): Spread => spread(latencies.map((values) => percentile(values, share)));
  const perSecond = spread(samples.map((sample) => sample.perSecond));
  return latencies.length === 0 ? { name, perSecond } : { name, perSecond, p50Ms: at(0.5), p99Ms: at(0.99) };
}
