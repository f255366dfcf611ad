import type { Sample } from './contest.js';

/**
 * Keeps a number of calls in flight for a while: each worker makes its next call when its last one was answered.
 * @param call makes one call for a worker.
 */
export async function closedLoop(
  inFlight: number,
  milliseconds: number,
  call: (worker: number) => Promise<unknown>,
): Promise<Sample> {
  const latencies: number[] = [];
  const started = performance.now();
  const end = started + milliseconds;
  const worker = async (index: number): Promise<void> => {
    for (let before = performance.now(); before < end;) {
      await call(index);
      const after = performance.now();
      latencies.push(after - before);
      before = after;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, (_, index) => worker(index)));
  const seconds = (performance.now() - started) / 1_000;
  return { perSecond: latencies.length / seconds, latenciesMs: Float64Array.from(latencies) };
}
