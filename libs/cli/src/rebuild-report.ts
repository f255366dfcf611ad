import type { Comparison, Rebuild, RowDifference } from '@logfold/core';
import type { Surroundings } from './context.js';
import { printLines, type Line } from './print.js';

/** Prints what a verification found: each comparison, and the differing rows value by value. */
export function printReport(io: Surroundings, { report }: Pick<Rebuild, 'report'>): void {
  for (const comparison of report?.comparisons ?? []) printComparison(io, comparison);
}

function printComparison(io: Surroundings, comparison: Comparison): void {
  const { rows, different, examples, left } = comparison;
  const found = different === 0 ? 'all are alike' : `${different} differ`;
  io.out(
    `\nCompared with ${comparison.with}: ${rows} rows, ${found}${left === undefined ? '' : ` (left out: ${left})`}\n`,
  );
  if (examples.length === 0) return;
  printLines(io, examples.flatMap(differenceLines), { none: '' });
  if (examples.length < different) io.out(`… and ${different - examples.length} rows more\n`);
}

/** A line for each column in which a row differs; one for a row that is missing on either side. */
function differenceLines({ key, expected, found }: RowDifference): Line[] {
  const keyed = {
    key: Object.entries(key)
      .map(([name, value]) => `${name}=${value}`)
      .join(' '),
  };
  if (!expected || !found)
    return [{ ...keyed, column: '(the row)', expected: expected ?? '(no row)', found: found ?? '(no row)' }];
  const [one, other] = [expected as Line, found as Line];
  const columns = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  return columns
    .filter((column) => JSON.stringify(one[column]) !== JSON.stringify(other[column]))
    .map((column) => ({ ...keyed, column, expected: one[column] ?? null, found: other[column] ?? null }));
}
