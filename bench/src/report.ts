import type { CaseFindings, Figures } from './contest.js';
import { machineText, type Machine } from './machine.js';
import type { Findings, Measure } from './measure.js';
import type { Spread } from './spread.js';

/** The findings for programs: what CI keeps and compares. */
export function reportJson(
  { id, target }: Measure,
  { cases, rounds, guarantees, notes }: Findings,
  machine: Machine,
): string {
  const byCase = <T>(value: (one: CaseFindings) => T): Record<string, T> =>
    Object.fromEntries(cases.map((one) => [one.name, value(one)]));
  return JSON.stringify({
    id,
    target,
    ratios: byCase(({ ratio }) => rounded(ratio)),
    ours: byCase(({ ours }) => figuresJson(ours)),
    limit: byCase(({ limit }) => figuresJson(limit)),
    peers: byCase(({ peers, peerRatios }) =>
      Object.fromEntries(
        peers.map((peer, index) => [peer.name, { ...figuresJson(peer), ratio: rounded(peerRatios[index]!) }]),
      ),
    ),
    rounds,
    guarantees,
    notes: notes ?? [],
    machine,
  });
}

/** The findings for people. */
export function reportText({ id, sentence, target }: Measure, findings: Findings, machine: Machine): string {
  const { cases, rounds, guarantees, notes = [] } = findings;
  const rows = cases.flatMap(({ name, ours, limit, peers, ratio, peerRatios, ratioIs = 'of the limit' }) => [
    ['', ...figuresText(limit), ''],
    [name, ...figuresText(ours), `${spreadText(ratio, 2)} ${ratioIs}`],
    ...peers.map((peer, index) => ['', ...figuresText(peer), `ours is ${spreadText(peerRatios[index]!, 1)} times it`]),
  ]);
  return [
    `${id}: ${sentence}`,
    `Target: ${target}. ${rounds} rounds, interleaved; median [smallest-largest].`,
    '',
    ...table(withoutEmpty([['case', 'who', 'events/s', 'p50 ms', 'p99 ms', 'seconds', 'ratio'], ...rows])),
    '',
    ...guarantees,
    ...notes,
    machineText(machine),
  ].join('\n');
}

function figuresJson({ name, perSecond, p50Ms, p99Ms, seconds }: Figures): object {
  return {
    name,
    ...(perSecond ? { perSecond: rounded(perSecond, 0) } : {}),
    ...(p50Ms ? { p50Ms: rounded(p50Ms) } : {}),
    ...(p99Ms ? { p99Ms: rounded(p99Ms) } : {}),
    ...(seconds ? { seconds: rounded(seconds) } : {}),
  };
}

function figuresText({ name, perSecond, p50Ms, p99Ms, seconds }: Figures): string[] {
  return [
    name,
    perSecond ? spreadText(perSecond, 0) : '',
    p50Ms ? p50Ms.median.toFixed(2) : '',
    p99Ms ? p99Ms.median.toFixed(2) : '',
    seconds ? spreadText(seconds, 2) : '',
  ];
}

function spreadText({ median, min, max }: Spread, digits: number): string {
  const text = (value: number): string =>
    value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return min === max ? text(median) : `${text(median)} [${text(min)}-${text(max)}]`;
}

function rounded({ median, min, max }: Spread, digits = 3): Spread {
  const round = (value: number): number => Number(value.toFixed(digits));
  return { median: round(median), min: round(min), max: round(max) };
}

/** The rows without the columns that say nothing below their heading. */
function withoutEmpty(rows: readonly string[][]): string[][] {
  const said = rows[0]!.map((_, column) => rows.slice(1).some((row) => row[column] !== ''));
  return rows.map((row) => row.filter((_, column) => said[column]));
}

function table(rows: readonly string[][]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
}
