import { createHash } from 'node:crypto';
import type { Command } from './commands.js';
import type { Rejection } from './decider.js';
import { InvalidDefinition, InvalidIdempotencyKey } from './errors.js';

/** The longest idempotency key, in characters. */
export const IDEMPOTENCY_KEY_LIMIT = 255;

/** The largest rejection that is kept to be answered again, as JSON, in bytes. */
const REJECTION_LIMIT_BYTES = 64 * 1024;

const visible = /^[\x21-\x7e]+$/;

/** Refuses keys that are empty, too long, or hold anything but visible ASCII. @throws InvalidIdempotencyKey */
export function checkIdempotencyKey(key: string): void {
  if (typeof key !== 'string' || key === '') throw new InvalidIdempotencyKey(String(key), 'is empty');
  if (key.length > IDEMPOTENCY_KEY_LIMIT)
    throw new InvalidIdempotencyKey(key, `has ${key.length} characters, more than ${IDEMPOTENCY_KEY_LIMIT}`);
  if (!visible.test(key)) throw new InvalidIdempotencyKey(key, 'holds something else than visible ASCII characters');
}

/**
 * What tells whether a key comes back with the same wish: the command's type, stream and data; or its type and what the
 * caller says it was asked, for commands that hold a time or an id that is made anew. The order of properties is all one.
 */
export function payloadHash({ type, stream, data }: Command, asked?: unknown): string {
  const payload = asked === undefined ? [type, stream, data] : [type, asked];
  return createHash('sha256')
    .update(JSON.stringify(inOrder(payload)))
    .digest('base64url');
}

/** A rejection as it can be answered again. @throws InvalidDefinition when it is too large for that. */
export function keptRejection(command: string, rejection: Rejection): Rejection {
  const json = JSON.stringify(rejection);
  const sizeBytes = Buffer.byteLength(json);
  if (sizeBytes > REJECTION_LIMIT_BYTES)
    throw new InvalidDefinition(
      `${command} was rejected as "${rejection.rejected}" with ${sizeBytes} bytes, ${REJECTION_LIMIT_BYTES} at most ` +
        'can be kept under an idempotency key: put less into its details',
    );
  return JSON.parse(json) as Rejection;
}

function inOrder(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('toJSON' in value && typeof value.toJSON === 'function') return value;
  if (Array.isArray(value)) return value.map(inOrder);
  const sorted = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([name, item]) => [name, inOrder(item)]));
}
