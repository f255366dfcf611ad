import { LogfoldError } from './errors.js';

/** The table of a read model does not fit its definition. */
export class ReadModelMismatch extends LogfoldError {
  readonly code = 'read-model-mismatch';
  constructor(
    readonly readModel: string,
    why: string,
    options?: ErrorOptions,
  ) {
    super(`Read model "${readModel}": ${why}`, options);
  }
}

/** A version of a read model has no table to query yet: it is being built, and is switched on when it was verified. */
export class ReadModelBuilding extends LogfoldError {
  readonly code = 'read-model-building';
  override readonly retryable = true;
  constructor(
    readonly readModel: string,
    readonly version: number,
  ) {
    super(
      `Read model "${readModel}" version ${version} is being built: try again later, or see "logfold read-models list"`,
    );
  }
}

/** A table was added to a read model, or renamed, while a batch was being handled. The batch was rolled back. */
export class ReadModelTablesChanged extends LogfoldError {
  readonly code = 'read-model-tables-changed';
  override readonly retryable = true;
  constructor(readonly readModel: string) {
    super(`The tables of read model "${readModel}" changed while a batch was being handled: it is handled again`);
  }
}

/** The live table lacks what is parked, which a new table made from the log would have: redriven, it would count twice there. */
export class ReadModelKeysParked extends LogfoldError {
  readonly code = 'read-model-keys-parked';
  constructor(
    readonly readModel: string,
    readonly subscription: string,
    readonly keys: readonly string[],
  ) {
    super(
      `Read model "${readModel}" has parked keys, "${keys[0]}" among them: handle them with "logfold parked redrive", or give them ` +
        'up with "logfold parked skip", before its version is rebuilt; or raise its version',
    );
  }
}

/** A rebuild of the same version was requested before, and is not over. */
export class RebuildUnderWay extends LogfoldError {
  readonly code = 'rebuild-under-way';
  constructor(
    readonly readModel: string,
    readonly version: number,
    readonly state: string,
  ) {
    super(
      `Read model "${readModel}" version ${version} has a rebuild that is ${state}: ` +
        `end it first with "logfold read-models drop ${readModel}"`,
    );
  }
}

/** Another process has taken the rebuild on, or it is over: what this one still had in hand is void. */
export class RebuildOvertaken extends LogfoldError {
  readonly code = 'rebuild-overtaken';
  override readonly retryable = true;
  constructor(readonly readModel: string) {
    super(`The rebuild of read model "${readModel}" is in other hands, or over: nothing of this attempt counts`);
  }
}

/** The log grows faster than a rebuild reads it: there was always more than may be read while the read model stands still. */
export class RebuildOutrun extends LogfoldError {
  readonly code = 'rebuild-outrun';
  override readonly retryable = true;
  constructor(
    readonly readModel: string,
    readonly rounds: number,
  ) {
    super(
      `The log grew faster than the rebuild of read model "${readModel}" could read it, ${rounds} times: rebuild it when less is ` +
        'written, or where there is more processor time',
    );
  }
}

/** What queries would read has not got as far as what they read now: to switch would go back in time. */
export class RebuildBehind extends LogfoldError {
  readonly code = 'rebuild-behind';
  override readonly retryable = true;
  constructor(
    readonly readModel: string,
    readonly from: number,
    readonly to: number,
  ) {
    super(
      `Version ${to} of read model "${readModel}" has not got as far as version ${from}, which queries read: wait for it`,
    );
  }
}

/** A read model of rows from a state topic cannot be replayed: the topic keeps the last row of each key, not how it came about. */
export class RebuildImpossible extends LogfoldError {
  readonly code = 'rebuild-impossible';
  constructor(readonly readModel: string) {
    super(
      `Read model "${readModel}" reads a state topic, which keeps no history to be replayed: ` +
        'raise its version, and a new table is filled from the topic as it is now',
    );
  }
}
