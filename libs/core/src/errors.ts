import { pathOf, type SchemaIssue } from './schema.js';

/** The base of every error that Logfold throws on purpose. Tell errors apart by class or `code`, never by their text. */
export abstract class LogfoldError extends Error {
  /** A stable, documented name of the error: see docs/errors.md. */
  abstract readonly code: string;
  /** True when the same call may succeed later, with nothing changed by the caller. */
  readonly retryable: boolean = false;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The expected version of an append: an exact version, no stream yet, at least one event, or no expectation. */
export type ExpectedVersion = number | 'none' | 'exists' | 'any';

/** The stream is not at the version that the append expected: somebody else appended in between. */
export class WrongExpectedVersion extends LogfoldError {
  readonly code = 'wrong-expected-version';
  constructor(
    readonly stream: string,
    readonly expected: ExpectedVersion,
    /** The version found; undefined when the database only reported that the version was taken. */
    readonly actual: number | undefined,
    options?: ErrorOptions,
  ) {
    const wanted = expected === 'none' ? 'no stream' : expected === 'exists' ? 'an existing stream' : expected;
    super(`Stream "${stream}" is at version ${actual ?? 'unknown'}, expected ${wanted}`, options);
  }
}

/** A decider refused the command. `rejected` is the decider's own code, such as `short`. */
export class CommandRejected extends LogfoldError {
  readonly code = 'command-rejected';
  constructor(
    readonly command: string,
    readonly stream: string,
    readonly rejected: string,
    message: string,
    readonly details?: unknown,
    /** It was rejected before: this answers the same idempotency key again. */
    readonly replayed = false,
  ) {
    super(message);
  }
}

/** Data does not fit the schema of its event, command or row. */
export class ValidationFailed extends LogfoldError {
  readonly code = 'validation-failed';
  /** The offending paths and what is wrong there; an empty path means the value as a whole. */
  readonly issues: readonly { readonly path: string; readonly message: string }[];
  constructor(
    readonly subject: string,
    issues: readonly SchemaIssue[],
  ) {
    const listed = issues.map((issue) => ({ path: pathOf(issue), message: issue.message }));
    super(
      `${subject} is not valid: ${listed.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; ')}`,
    );
    this.issues = listed;
  }
}

/** A definition (events, commands, decider, read model) cannot work as written. Thrown while the program starts. */
export class InvalidDefinition extends LogfoldError {
  readonly code = 'invalid-definition';
}

/** A stream name is not `category-id`, is too long, or holds a control character. */
export class InvalidStreamName extends LogfoldError {
  readonly code = 'invalid-stream-name';
  constructor(
    readonly stream: string,
    why: string,
  ) {
    super(`Stream name ${JSON.stringify(stream.slice(0, 80))} ${why}: use "category-id", such as "order-42"`);
  }
}

/** An append is empty, or holds something that is not an event made by its creator. */
export class InvalidAppend extends LogfoldError {
  readonly code = 'invalid-append';
}

/** An event is larger than what a topic could carry. Refused before anything is stored. */
export class EventTooLarge extends LogfoldError {
  readonly code = 'event-too-large';
  constructor(
    readonly stream: string,
    readonly eventType: string,
    readonly sizeBytes: number,
    readonly limitBytes: number,
  ) {
    super(
      `Event ${eventType} for stream "${stream}" has ${sizeBytes} bytes, the limit is ${limitBytes}: ` +
        'store large content elsewhere and put its address into the event',
    );
  }
}

/** An event holds a value that the database cannot store, such as a NUL character in a string. */
export class EventNotStorable extends LogfoldError {
  readonly code = 'event-not-storable';
  constructor(
    readonly stream: string,
    why: string,
    options?: ErrorOptions,
  ) {
    super(`An event for stream "${stream}" cannot be stored: ${why}`, options);
  }
}

/** The log holds an event whose type no registry of the reader declares. */
export class UnknownEventType extends LogfoldError {
  readonly code = 'unknown-event-type';
  constructor(
    readonly eventType: string,
    readonly stream: string,
    readonly position: bigint,
  ) {
    super(
      `Event type "${eventType}" at position ${position} (stream "${stream}") is not declared: ` +
        'add it to the events(...) of its category, or deploy the version that wrote it',
    );
  }
}

/** The log holds an event of a schema version that cannot be brought to the version of the code. */
export class UnreadableEventVersion extends LogfoldError {
  readonly code = 'unreadable-event-version';
  constructor(
    readonly eventType: string,
    readonly found: number,
    readonly current: number,
    readonly stream: string,
    readonly position: bigint,
  ) {
    const event = `Event type "${eventType}" at position ${position} (stream "${stream}")`;
    super(
      found > current
        ? `${event} was written in schema version ${found}, this code knows up to ${current}: deploy the newer code first`
        : `${event} has no upcaster from schema version ${found} towards ${current}: add it to versioned(...)`,
    );
  }
}

/** The log holds events that this code could not read. Thrown at start, before any of them is met. */
export class LogNotReadable extends LogfoldError {
  readonly code = 'log-not-readable';
  constructor(readonly faults: readonly string[]) {
    super(
      `The log holds events that this code cannot read: ${faults.join('; ')}. ` +
        'Declare them in the events(...) of their category, or deploy the code that wrote them',
    );
  }
}

/** More appends wait than the queue may hold: the database is slower than the callers. Try again later. */
export class AppendQueueFull extends LogfoldError {
  readonly code = 'append-queue-full';
  override readonly retryable = true;
  constructor(readonly limit: number) {
    super(`${limit} appends are waiting already: slow down and try again`);
  }
}

/** Whether the append was committed could not be found out in time. It may have been; look before sending it again. */
export class AppendOutcomeUnknown extends LogfoldError {
  readonly code = 'append-outcome-unknown';
  constructor(
    readonly stream: string,
    options?: ErrorOptions,
  ) {
    super(
      `The connection was lost while appending to "${stream}" and the database did not come back in time: ` +
        'the events may be stored or not; read the stream before appending again',
      options,
    );
  }
}

/** The database cannot be reached, is starting, or ended the connection. Nothing was committed by this call. */
export class DatabaseUnavailable extends LogfoldError {
  readonly code = 'database-unavailable';
  override readonly retryable = true;
}

/** The database is reached, but is not one that the log can be kept in as it stands. The text names the remedy. */
export class DatabaseUnsuitable extends LogfoldError {
  readonly code = 'database-unsuitable';
}

/** Somebody else moved the checkpoint since it was loaded. The transaction was rolled back; its effects are void. */
export class CheckpointMoved extends LogfoldError {
  readonly code = 'checkpoint-moved';
  override readonly retryable = true;
  constructor(
    readonly subscription: string,
    readonly from: bigint,
  ) {
    super(`Checkpoint of "${subscription}" is no longer at ${from}: another runner moved it`);
  }
}

/** Something was used before it was started, or after it was stopped. */
export class NotRunning extends LogfoldError {
  readonly code = 'not-running';
}

/** True for errors after which the same call may succeed with nothing changed by the caller. */
export function isRetryable(error: unknown): boolean {
  return error instanceof LogfoldError && error.retryable;
}
