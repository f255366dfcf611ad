import type { Surroundings } from './context.js';

/** A line of a listing: what each column holds. */
export type Line = Readonly<Record<string, unknown>>;

/** Prints a listing: a table for people, one JSON array with --json. */
export function printLines(
  { out }: Surroundings,
  lines: readonly Line[],
  { json, none }: { json?: true; none: string },
): void {
  if (json) return out(`${JSON.stringify(lines, encoded)}\n`);
  const [first] = lines;
  if (!first) return out(`${none}\n`);
  const columns = Object.keys(first);
  const rows = [columns, ...lines.map((line) => columns.map((column) => shown(line[column])))];
  const widths = columns.map((_, index) => Math.max(...rows.map((row) => row[index]!.length)));
  for (const row of rows)
    out(
      `${row
        .map((cell, index) => cell.padEnd(widths[index]!))
        .join('  ')
        .trimEnd()}\n`,
    );
}

/** Prints one thing: a line for each of its parts, one JSON object with --json. */
export function printOne({ out }: Surroundings, one: Line, { json }: { json?: true }): void {
  if (json) return out(`${JSON.stringify(one, encoded)}\n`);
  const width = Math.max(...Object.keys(one).map((name) => name.length));
  for (const [name, value] of Object.entries(one)) out(`${name.padEnd(width)}  ${shown(value)}\n`);
}

/** Prints one line of a listing that goes on: its cells, one JSON object with --json. */
export function printRecord({ out }: Surroundings, line: Line, { json }: { json?: true }): void {
  out(json ? `${JSON.stringify(line, encoded)}\n` : `${Object.values(line).map(shown).join('  ')}\n`);
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'object' ? JSON.stringify(value, encoded) : String(value);
}

function encoded(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
