import Papa from 'papaparse';

/** One record of a CSV: its cells, and the line on which it begins. */
export interface CsvRecord {
  readonly line: number;
  readonly cells: readonly string[];
  /** What is wrong with its quotes or its length; of the cells only the first is given then, if it can be told. */
  readonly problem?: string;
}

/** The most characters that a record may have: a quote that is never closed must not swallow the file. */
export const RECORD_LIMIT = 16 * 1024;

/**
 * Reads CSV with Papa Parse, chunk by chunk; empty lines are passed over. A broken record is given with its problem, and
 * reading goes on with the next line, where further rows of open invoices may stand.
 * @returns the records of one chunk at a time.
 */
export async function* csvRecords(chunks: AsyncIterable<string>): AsyncGenerator<CsvRecord[]> {
  let piece: Piece = { records: [], rest: '', line: 1 };
  for await (const chunk of chunks) {
    piece = recordsOf(piece.rest + chunk, piece.line, false);
    yield piece.records;
  }
  if (piece.rest !== '') yield recordsOf(`${piece.rest}\n`, piece.line, true).records;
}

/** Records, and the text behind them, which begins on `line`. */
interface Piece {
  readonly records: CsvRecord[];
  readonly rest: string;
  readonly line: number;
}

function recordsOf(given: string, firstLine: number, atEnd: boolean): Piece {
  const records: CsvRecord[] = [];
  for (let text = given, line = firstLine; ;) {
    const read = readTo(records, text, line, atEnd);
    line = read.line;
    if (!read.broken) return { records, rest: text.slice(read.start), line };
    const next = text.indexOf('\n', read.start) + 1;
    text = next > 0 ? text.slice(next) : '';
    if (next > 0) line += 1;
  }
}

/** Reads up to the first record that is broken or may go on in the next chunk. @returns where that begins. */
function readTo(records: CsvRecord[], text: string, firstLine: number, atEnd: boolean) {
  let [start, line, broken] = [0, firstLine, false];
  // Papa drops a byte order mark that begins its text, and counts without it: the line break before it prevents that.
  Papa.parse<string[]>(`\n${text}`, {
    delimiter: ',',
    newline: '\n',
    step({ data: cells, errors, meta }, parser) {
      const end = meta.cursor - 1;
      const ended = end > start && text[end - 1] === '\n' && errors.at(-1)?.code !== 'MissingQuotes';
      const problem = ended || atEnd || end - start > RECORD_LIMIT ? problemOf(errors, end - start) : undefined;
      if (problem !== undefined) {
        const isFirstCell = errors[0]?.index === start + 2 || cells[0]!.includes('\n');
        records.push({ line, cells: isFirstCell ? [] : cells.slice(0, 1), problem });
        broken = true;
        parser.abort();
      } else if (ended) {
        const last = cells.at(-1)!;
        if (last.endsWith('\r') && text.endsWith(last, end - 1)) cells[cells.length - 1] = last.slice(0, -1);
        if (cells.length > 1 || cells[0] !== '') records.push({ line, cells });
        for (; start < end; start = text.indexOf('\n', start) + 1) line += 1;
      }
    },
  });
  return { start, line, broken };
}

function problemOf(errors: readonly Papa.ParseError[], length: number): string | undefined {
  if (errors[0]?.code === 'InvalidQuotes') return 'a quoted cell is followed by more than a comma or a line break';
  if (errors[0]?.code === 'MissingQuotes') return 'a quote is opened and never closed';
  return length > RECORD_LIMIT ? `has more than ${RECORD_LIMIT} characters: a quote may not be closed` : undefined;
}
