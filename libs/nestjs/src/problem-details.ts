import { STATUS_CODES } from 'node:http';
import { HttpException, type HttpExceptionBodyMessage } from '@nestjs/common';
import {
  AppendOutcomeUnknown,
  AsOfUnavailable,
  CommandRejected,
  EventNotStorable,
  EventTooLarge,
  IdempotencyKeyReused,
  InvalidIdempotencyKey,
  InvalidStreamName,
  isRetryable,
  LogfoldError,
  PositionAhead,
  PositionOfAnotherLog,
  ReadModelBuilding,
  RebuildUnderWay,
  ValidationFailed,
  WrongExpectedVersion,
} from '@logfold/core';
import { PositionNotShown } from './errors.js';

/** The body of an HTTP error, or of a 202, as RFC 9457 has it, with what Logfold adds. */
export interface ProblemDetails {
  /** `urn:logfold:` and the code of the error; `about:blank` when the status says it all. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** The path of the request. */
  readonly instance?: string;
  /** For programs: the `code` of a LogfoldError. */
  readonly code?: string;
  /** For programs: why the decider rejected the command, such as `short`. */
  readonly rejected?: string;
  /** What the rejection tells besides. */
  readonly details?: unknown;
  /** The fields that are wrong, by their path. */
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
  /** What to name when asking about it. */
  readonly correlationId?: string;
}

/** Seconds after which a client may try again what failed for the moment. */
export const RETRY_AFTER_SECONDS = 1;

/** True for what a client may simply try again after a while: 503, and what a read model does not show yet. */
export function isPassing({ status, code }: ProblemDetails): boolean {
  return status === 503 || code === 'position-not-shown';
}

/**
 * What to answer for an error: 422 for a rejected command, 409 for a conflict, 400 for data that does not fit, 503 for
 * what may work later, the status of an HttpException, and 500 without any detail for everything else.
 */
export function problemOf(error: unknown): ProblemDetails {
  if (error instanceof LogfoldError) return ofLogfold(error) ?? unexpected;
  if (error instanceof HttpException) return ofStatus(error.getStatus(), messageOf(error));
  return ofAdapter(error) ?? unexpected;
}

function ofLogfold(error: LogfoldError): ProblemDetails | undefined {
  if (error instanceof CommandRejected) {
    const details = error.details === undefined ? {} : { details: error.details };
    return { ...ofCode(422, 'Command rejected', error), rejected: error.rejected, ...details };
  }
  if (error instanceof IdempotencyKeyReused) return ofCode(422, 'Idempotency key reused', error);
  if (error instanceof InvalidIdempotencyKey) return ofCode(400, 'Invalid idempotency key', error);
  if (error instanceof WrongExpectedVersion) return ofCode(409, 'Wrong expected version', error);
  if (error instanceof RebuildUnderWay) return ofCode(409, 'Rebuild under way', error);
  if (error instanceof ValidationFailed) return { ...ofCode(400, 'Validation failed', error), errors: error.issues };
  if (error instanceof InvalidStreamName || error instanceof EventNotStorable)
    return ofCode(400, 'Not storable', error);
  if (error instanceof EventTooLarge) return ofCode(413, 'Event too large', error);
  if (error instanceof PositionNotShown) return ofCode(error.status, 'Not shown yet', error);
  if (error instanceof PositionOfAnotherLog) return ofCode(409, 'Position of another log', error);
  if (error instanceof PositionAhead) return ofCode(409, 'Position ahead', error);
  if (error instanceof AsOfUnavailable) return ofCode(422, 'Not readable as of a position', error);
  if (error instanceof AppendOutcomeUnknown) return ofCode(504, 'Outcome unknown', error);
  if (error instanceof ReadModelBuilding) return ofCode(503, 'Read model is being built', error);
  // the text of a database's error may name hosts and users: clients get none of it
  if (isRetryable(error))
    return {
      ...ofCode(503, 'Try again later', error),
      detail: 'The service is not available at the moment: try again.',
    };
  return undefined;
}

function ofCode(status: number, title: string, { code, message }: LogfoldError): ProblemDetails {
  return { type: `urn:logfold:${code}`, title, status, detail: message, code };
}

function ofStatus(status: number, detail: string | undefined): ProblemDetails {
  const title = STATUS_CODES[status] ?? 'Error';
  return { type: 'about:blank', title, status, detail: detail ?? title };
}

const unexpected = ofStatus(500, 'Something went wrong here. It was logged under the correlation id.');

/** Nest's own exceptions say it in `message`, sometimes in several. */
function messageOf(error: HttpException): string {
  const body = error.getResponse();
  const message: HttpExceptionBodyMessage | undefined =
    typeof body === 'string' ? body : (body as { message?: HttpExceptionBodyMessage }).message;
  return Array.isArray(message) ? message.join('; ') : String(message ?? error.message);
}

/** Errors of Express and Fastify, such as a body that is too large, carry a status; only the client's faults are told. */
function ofAdapter(error: unknown): ProblemDetails | undefined {
  if (!(error instanceof Error)) return undefined;
  const { statusCode } = error as { statusCode?: unknown };
  if (typeof statusCode !== 'number' || statusCode < 400 || statusCode > 499) return undefined;
  return ofStatus(statusCode, error.message);
}
