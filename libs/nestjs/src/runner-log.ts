import type { Logger } from '@nestjs/common';
import {
  isRetryable,
  LogfoldError,
  type LostRecords,
  type Rebuild,
  type RebuildReport,
  type Recorded,
} from '@logfold/core';
import type { SourceAlarm } from '@logfold/kafka';

/** An error that comes again within this time is the same trouble, and is not logged again. */
const SAME_TROUBLE_MS = 60_000;

/**
 * Writes the errors of loops to a Nest logger: once when trouble begins or changes, and when a loop gives up. A loop
 * that tries again every few seconds for hours writes one line; the stack only for what is a bug.
 */
export function runnerLog(
  logger: Logger,
  now: () => number = Date.now,
): (error: unknown, name: string, final: boolean) => void {
  const last = new Map<string, { readonly text: string; readonly at: number }>();
  return (error, name, final) => {
    const text = error instanceof Error ? error.message : String(error);
    const before = last.get(name);
    last.set(name, { text, at: now() });
    if (final) return logger.error(`"${name}" gave up: ${text}. It starts again with the process.`, stackOf(error));
    if (before?.text === text && now() - before.at < SAME_TROUBLE_MS) return;
    if (isRetryable(error)) logger.warn(`"${name}" tries again: ${text}`);
    else logger.error(`"${name}" failed and tries again: ${text}`, stackOf(error));
  };
}

/** Writes down that an event could not be handled, so that later events of its key wait behind it; and where it came from. */
export function parkedLog(logger: Logger): (subscription: string, event: Recorded, error: unknown) => void {
  return (subscription, { type, position, stream, metadata }, error) => {
    const text = error instanceof Error ? error.message : String(error);
    logger.error(
      `"${subscription}" parked ${type} at position ${position} (stream "${stream}"), and what follows of its key: ${text} ` +
        `(${originOf(metadata)})`,
      stackOf(error),
    );
  };
}

/** Writes down, for whoever looks closely, that an event concerned no open instance of a process manager; counts them. */
export function ignoredLog(logger: Logger): (process: string, event: Recorded) => void {
  const counts = new Map<string, number>();
  return (process, { type, position, stream }) => {
    const count = (counts.get(process) ?? 0) + 1;
    counts.set(process, count);
    logger.debug(
      `"${process}" ignored ${type} at position ${position} (stream "${stream}"), the ${count}. since the start`,
    );
  };
}

/** Writes down that a broker had lost records. */
export function lostLog(logger: Logger): (lost: LostRecords) => void {
  return ({ topic, partition, sent, found }) =>
    logger.error(
      `Topic "${topic}", partition ${partition}, ends at position ${found}, though it was sent up to ${sent}: ` +
        'the broker lost committed records. They are sent again',
    );
}

/** Writes down the milestones of rebuilds: begun, verified, refused and why, switched, failed. */
export function rebuildLog(logger: Logger): (rebuild: Rebuild) => void {
  return ({ name, version, state, who, why, report, error }) => {
    const about = `Rebuild of "${name}" v${version}`;
    if (state === 'failed') logger.error(`${about} failed: ${error}. Nothing has changed`);
    else if (error !== undefined) logger.warn(`${about} stays ${state}: ${error}`);
    else if (state === 'refused')
      logger.warn(`${about} was refused, queries read what they read before: ${report?.refused}`);
    else if (state === 'building') logger.log(`${about} has begun: asked for by ${who}, ${why}`);
    else if (state === 'attached') logger.log(`${about} has caught up, and is being verified`);
    else if (state === 'verified') logger.log(`${about} is verified: ${comparedRows(report)}`);
    else logger.log(`${about} is ${state}`);
  };
}

function comparedRows(report: RebuildReport | undefined): string {
  return (report?.comparisons ?? []).map((one) => `${one.rows} rows compared with ${one.with}`).join(', ');
}

/** Writes down what a reader of topics met beside errors, such as `gap healed: topic inventory.stock, partition 3, …`. */
export function alarmLog(logger: Logger): (alarm: SourceAlarm) => void {
  return ({ kind, ...about }) => {
    const facts = Object.entries(about).map(([name, value]) => `${name} ${textOf(value)}`);
    logger.warn(`${kind}: ${facts.join(', ')}`);
  };
}

function textOf(value: unknown): string {
  if (typeof value !== 'object') return String(value);
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner));
}

/** What names the events of one request, and its trace where there is one: a loop has none of its own to log under. */
function originOf({ correlationId, traceparent }: Recorded['metadata']): string {
  const traceId = typeof traceparent === 'string' ? traceparent.split('-')[1] : undefined;
  return `correlation id ${correlationId}${traceId === undefined ? '' : `, trace ${traceId}`}`;
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error && !(error instanceof LogfoldError) ? error.stack : undefined;
}
