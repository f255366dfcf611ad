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
  readonly perSecond: Spread;
  readonly p50Ms?: Spread;
  readonly p99Ms?: Spread;
}

/** One case of a measure. */
export interface CaseFindings {
  readonly name: string;
  readonly ours: Figures;
  readonly limit: Figures;
  readonly peers: readonly Figures[];
  /** Ours by the limit, in the same round. */
  readonly ratio: Spread;
  /** Ours by each peer, in the same round. */
  readonly peerRatios: readonly Spread[];
}

/** Who takes part in a case. */
export interface Contestants {
  readonly ours: Contestant;
  readonly limit: Contestant;
  readonly peers: readonly Contestant[];
}

/**
 * Lets all work in turn: limit, ours, peers, limit, ours, peers, …, limit. What else the machine does falls on all of
 * them alike, and ours is divided by the mean of the limits right before and right after it.
 */
export async function contest(
  name: string,
  { ours, limit, peers }: Contestants,
  rounds: number,
  onRound: (round: number) => void,
): Promise<CaseFindings> {
  const limits = [await limit.round()];
  const own: Sample[] = [];
  const others: Sample[][] = peers.map(() => []);
  for (let round = 0; round < rounds; round++) {
    onRound(round);
    own.push(await ours.round());
    for (const [index, peer] of peers.entries()) others[index]!.push(await peer.round());
    limits.push(await limit.round());
  }
  const ownSpeed = speeds(own);
  const around = speeds(limits)
    .slice(1)
    .map((after, index) => (after + limits[index]!.perSecond) / 2);
  return {
    name,
    ours: figures(ours, own),
    limit: figures(limit, limits),
    peers: peers.map((peer, index) => figures(peer, others[index]!)),
    ratio: spread(divided(ownSpeed, around)),
    peerRatios: others.map((samples) => spread(divided(ownSpeed, speeds(samples)))),
  };
}

function figures({ name }: Contestant, samples: readonly Sample[]): Figures {
  const latencies = samples.flatMap(({ latenciesMs }) => (latenciesMs ? [latenciesMs] : []));
  const at = (share: number): Spread => spread(latencies.map((values) => percentile(values, share)));
  const perSecond = spread(speeds(samples));
  return latencies.length === 0 ? { name, perSecond } : { name, perSecond, p50Ms: at(0.5), p99Ms: at(0.99) };
}

function speeds(samples: readonly Sample[]): number[] {
  return samples.map(({ perSecond }) => perSecond);
}
