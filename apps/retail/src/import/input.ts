import { basename } from 'node:path';

/** A CSV file of the input. */
export interface InputFile {
  /** As the user knows it, for messages. */
  readonly name: string;
  read(): AsyncIterable<Uint8Array>;
}

/** What is to be imported: CSV files in the order of their names, which is that of their days. */
export interface Input {
  readonly files: readonly InputFile[];
  /** Of all files together, unpacked. */
  readonly sizeBytes: number;
  /** Frees what was unpacked. */
  close(): Promise<void>;
}

/** True for the name of a file that is imported. Names that begin with a dot are other systems' own. */
export function isCsvName(name: string): boolean {
  return /\.csv$/i.test(name) && !basename(name).startsWith('.');
}

/** Puts files into the order in which they are imported, whatever the language of the system. */
export function inOrder<T extends { readonly name: string }>(files: readonly T[]): readonly T[] {
  return [...files].sort((a, b) =>
    basename(a.name) < basename(b.name) ? -1 : basename(a.name) > basename(b.name) ? 1 : 0,
  );
}
