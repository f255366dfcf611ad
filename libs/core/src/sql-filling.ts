import type { Recorded } from './events.js';
import type { Filling } from './rebuild-replay.js';

/** Gives events to a model in SQL, so many at a time by turns, whatever batches they come in. */
export function sqlFilling(sizes: readonly number[], apply: (events: readonly Recorded[]) => Promise<void>): Filling {
  let waiting: Recorded[] = [];
  let turn = 0;
  async function flush(): Promise<void> {
    const events = waiting;
    waiting = [];
    if (events.length > 0) await apply(events);
  }
  return {
    size: 0,
    flush,
    async fold(events) {
      for (const event of events)
        if (waiting.push(event) >= sizes[turn]!) {
          turn = (turn + 1) % sizes.length;
          await flush();
        }
    },
  };
}
