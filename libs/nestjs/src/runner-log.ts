import type { Logger } from '@nestjs/common';
import { isRetryable, LogfoldError } from '@logfold/core';

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

function stackOf(error: unknown): string | undefined {
  return error instanceof Error && !(error instanceof LogfoldError) ? error.stack : undefined;
}
