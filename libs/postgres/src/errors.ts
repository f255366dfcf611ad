import { isNativeError } from 'node:util/types';
import { DatabaseUnavailable, DatabaseUnsuitable, LogfoldError } from '@logfold/core';

/** The SQLSTATE of an error of the server; undefined for any other. */
export function sqlState(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return error instanceof Error && error.name === 'PostgresError' && typeof code === 'string' ? code : undefined;
}

/** The unique key was taken, or two transactions were in each other's way: the same statement may succeed next time. */
export function isCollision(error: unknown): boolean {
  return ['23505', '40P01', '40001'].includes(sqlState(error) ?? '');
}

/** The data itself is at fault (class 22: data exception, 23: constraint, 54: limit): the same statement fails for ever. */
export function isDataError(error: unknown): boolean {
  return /^(22|23514|23502|54)/.test(sqlState(error) ?? '');
}

/** Why the data of an append cannot be stored: the server only says that an escape sequence is not supported. */
export function unstorable(error: Error): string {
  const state = sqlState(error);
  if (state === '22P05') return 'a string holds a NUL character';
  if (state === '22P02') return 'a string holds half a surrogate pair'; // all else that JSON.stringify writes is valid
  return error.message;
}

/** Somebody held a lock for too long: in a batch, on one of its streams. */
export function isLockTimeout(error: unknown): boolean {
  return sqlState(error) === '55P03';
}

/** The key of a command was written by another transaction. */
export function isTakenKey(error: unknown): boolean {
  return isDuplicate(error) && (error as { constraint_name?: unknown }).constraint_name === 'commands_pkey';
}

/** A unique key was violated. */
export function isDuplicate(error: unknown): boolean {
  return sqlState(error) === '23505';
}

/**
 * The server never got the statement, or said that it rolled it back: nothing of it was or will be committed.
 * Everything else that ends a connection leaves the outcome open.
 */
export function isDefinitelyVoid(error: unknown): boolean {
  const state = sqlState(error);
  if (state !== undefined) return !endsSession(state);
  return neverConnected.has(codeOf(error) ?? '');
}

/** What callers see of an error of postgres.js or of the server. Errors of our own pass as they are. */
export function translated(error: unknown): unknown {
  if (error instanceof LogfoldError || !isNativeError(error)) return error;
  const state = sqlState(error);
  const said = error.message;
  if (state === undefined) {
    if (!connectionErrors.has(codeOf(error) ?? '')) return error;
    return new DatabaseUnavailable(
      `The database cannot be reached (${codeOf(error)}): is it running at the given address?`,
      {
        cause: error,
      },
    );
  }
  if (state === '28P01' || state === '28000')
    return new DatabaseUnsuitable(
      `The database refused the login (${said}): check user and password of the database URL`,
      { cause: error },
    );
  if (state === '3D000')
    return new DatabaseUnsuitable(`The database of the URL is not there (${said}): create it with CREATE DATABASE`, {
      cause: error,
    });
  if (state === '42501')
    return new DatabaseUnsuitable(
      `The database refused permission (${said}): grant it, or migrate as a role that may`,
      { cause: error },
    );
  if (state === '55000' || state === '25006')
    return new DatabaseUnavailable(`The database is no primary that can be written (${said}): try again`, {
      cause: error,
    });
  if (state === '53100')
    return new DatabaseUnavailable(`The database has no room left (${said}): make some, and try again`, {
      cause: error,
    });
  if (endsSession(state) || busy.has(state))
    return new DatabaseUnavailable(`The database could not answer (${said}): try again`, { cause: error });
  return error;
}

/** Runs a database call and translates what it throws. */
export async function translating<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw translated(error);
  }
}

const neverConnected = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'CONNECT_TIMEOUT',
]);
const connectionErrors = new Set([
  ...neverConnected,
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
]);

/** Lock or statement time-outs, deadlocks, serialization failures, too many connections, resources. */
const busy = new Set(['55P03', '57014', '40P01', '40001', '53000', '53200', '53300', '53400']);

/** Class 08: connection exception, 57P01–57P05: shut down, crashed, starting; 25P03/25P04: timed out transaction. */
function endsSession(state: string): boolean {
  return state.startsWith('08') || /^57P0[1-5]$/.test(state) || /^25P0[34]$/.test(state);
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}
