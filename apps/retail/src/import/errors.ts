import { LogfoldError } from '@logfold/core';

/** Something about the input or its use that the user can mend. The text is one sentence that says what and where. */
export class ImportError extends LogfoldError {
  readonly code: string = 'import-failed';
}

/** A row that cannot be imported as it stands. */
export class BrokenRow extends ImportError {
  override readonly code = 'broken-row';

  constructor(
    readonly file: string,
    /** The line on which the row begins; the header is on line 1. */
    readonly line: number,
    readonly problem: string,
    /** The row's invoice, as far as it can be told. */
    readonly invoice: string | undefined,
  ) {
    super(`${file}, line ${line}: ${problem}`);
  }
}
