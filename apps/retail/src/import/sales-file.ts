import { csvRecords, type CsvRecord } from './csv.js';
import { BrokenRow, ImportError } from './errors.js';
import type { InputFile } from './input.js';
import { COLUMNS, rowOf, type Row } from './row.js';

/** Rows of a file that were read together, in order; a broken one stands in its place. */
export interface Rows {
  readonly rows: readonly (Row | BrokenRow)[];
  /** Bytes of the file that were read so far in this step. */
  readonly bytes: number;
}

/**
 * The rows of one CSV file of sales.
 * @throws ImportError when it is no such file: another header, not UTF-8, not to be read.
 */
export async function* salesRows(file: InputFile): AsyncGenerator<Rows> {
  let headerSeen = false;
  let bytes = 0;
  const chunks = utf8(file, (size) => {
    bytes += size;
  });
  for await (const records of csvRecords(chunks)) {
    const rows: (Row | BrokenRow)[] = [];
    for (const record of records) {
      if (headerSeen) rows.push(checked(record, file.name));
      else checkHeader(record, file.name);
      headerSeen = true;
    }
    yield { rows, bytes };
    bytes = 0;
  }
  if (!headerSeen) throw new ImportError(`${file.name} is empty: expected a CSV with the columns ${COLUMNS.join(',')}`);
}

function checked({ line, cells, problem }: CsvRecord, file: string): Row | BrokenRow {
  const row = problem ?? rowOf(cells);
  return typeof row === 'string' ? new BrokenRow(file, line, row, cells[0]?.trim() || undefined) : row;
}

function checkHeader({ cells }: CsvRecord, file: string): void {
  const missing = COLUMNS.filter((column) => !cells.includes(column));
  if (missing.length > 0)
    throw new ImportError(
      `${file} is no CSV of sales: its first line lacks the ${missing.length === 1 ? 'column' : 'columns'} ${missing.join(', ')}`,
    );
  if (COLUMNS.some((column, index) => cells[index] !== column) || cells.length !== COLUMNS.length)
    throw new ImportError(`${file}: its columns must be ${COLUMNS.join(',')}, in this order and without others`);
}

async function* utf8(file: InputFile, onRead: (bytes: number) => void): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    for await (const chunk of file.read()) {
      onRead(chunk.length);
      yield decoder.decode(chunk, { stream: true });
    }
    yield decoder.decode();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_ENCODING_INVALID_ENCODED_DATA')
      throw new ImportError(`${file.name} is not UTF-8 text: save it as UTF-8 first`);
    throw new ImportError(`Cannot read ${file.name}: ${(error as Error).message}`, { cause: error });
  }
}
