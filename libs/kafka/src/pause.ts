import { systemClock } from '@logfold/core';

/** Waits for the network or a broker; ends at once when the signal aborts. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return systemClock.sleep(ms, signal);
}
