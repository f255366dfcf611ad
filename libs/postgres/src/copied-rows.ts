import { copyText } from './copy.js';
import type { Column } from './read-model-columns.js';

type Values = Readonly<Record<string, unknown>>;

/** Rows that are sent at once. */
const LINES = 500;

/**
 * Rows in COPY's text format, in the order of the columns; undefined when a value is one that only JSON can carry into its
 * column as the upsert would (an array into an array's column, say): those rows go as JSON.
 */
export function copyLines(columns: readonly Column[], rows: readonly object[]): string[] | undefined {
  const chunks: string[] = [];
  for (let start = 0; start < rows.length; start += LINES) {
    const lines: string[] = [];
    for (const row of rows.slice(start, start + LINES)) {
      const values: string[] = [];
      for (const { property, type } of columns) {
        const text = valueText((row as Values)[property], type);
        if (text === undefined) return undefined;
        values.push(text);
      }
      lines.push(`${values.join('\t')}\n`);
    }
    chunks.push(lines.join(''));
  }
  return chunks;
}

function valueText(value: unknown, type: string): string | undefined {
  if (value === null || value === undefined) return copyText(null);
  if (type === 'json') return undefined; // COPY would take escapes there that the upsert refuses
  if (type === 'jsonb') return wellFormed(JSON.stringify(value));
  if (typeof value === 'string') return wellFormed(value);
  if (typeof value === 'number') return numberText(value, type);
  return typeof value === 'boolean' ? copyText(value) : undefined;
}

/** JSON in Postgres writes numbers without an exponent: to a column of text that makes a difference. */
function numberText(value: number, type: string): string | undefined {
  if (!Number.isFinite(value)) return copyText(null); // as JSON.stringify has it
  const text = String(value);
  return text.includes('e') && !/^(numeric|double|real)/.test(type) ? undefined : text;
}

/** Half a surrogate pair would silently become another character. */
function wellFormed(text: string): string | undefined {
  return text.isWellFormed() ? copyText(text) : undefined;
}
