import type { Rebuild } from '@logfold/core';
import { MultiBar, type SingleBar } from 'cli-progress';
import type { GlobalOptions, Surroundings } from './context.js';

/** Shows how rebuilds go. */
export interface RebuildDisplay {
  show(rebuild: Rebuild): void;
  stop(): void;
}

const LINE_EVERY_MS = 5_000;

/** One JSON object a line with --json; bars on a terminal; elsewhere a line for each state, and now and then one between. */
export function rebuildDisplay(io: Surroundings, { json }: GlobalOptions): RebuildDisplay {
  if (json) return { show: (rebuild) => io.out(`${JSON.stringify(rebuild)}\n`), stop: () => {} };
  return io.terminal ? bars(io.terminal) : lines(io);
}

function bars(stream: NodeJS.WriteStream): RebuildDisplay {
  const format = ' {name} {bar} {percentage}%  {what}';
  const all = new MultiBar({ format, stream, hideCursor: true, barsize: 30, clearOnComplete: false, fps: 10 });
  const shown = new Map<string, SingleBar>();
  return {
    show(rebuild) {
      const { id, name, version } = rebuild;
      const bar = shown.get(id) ?? all.create(1_000, 0, { name: `${name} v${version}`, what: '' });
      shown.set(id, bar);
      bar.update(Math.floor(shareOf(rebuild) * 1_000), { what: whatIs(rebuild) });
    },
    stop: () => all.stop(),
  };
}

function lines({ out }: Surroundings): RebuildDisplay {
  const last = new Map<string, { readonly state: string; readonly at: number }>();
  return {
    show(rebuild) {
      const { id, name, version, state } = rebuild;
      const before = last.get(id);
      const now = performance.now();
      if (before?.state === state && now - before.at < LINE_EVERY_MS) return;
      last.set(id, { state, at: now });
      out(`${name} v${version}: ${whatIs(rebuild)}\n`);
    },
    stop: () => {},
  };
}

function shareOf({ state, progress }: Rebuild): number {
  if (state === 'requested') return 0;
  return state === 'building' ? (progress?.done ?? 0) : 1;
}

/** The state, and while it is built how fast and how long: `building 41%, 88,000 events/s, 1 min 5 s left`. */
function whatIs({ state, asked, progress }: Rebuild): string {
  if (asked !== undefined) return `${state}, ${asked} is asked for`;
  if (state !== 'building' || !progress) return state === 'attached' ? 'being verified' : state;
  const { done, eventsPerSecond, secondsLeft } = progress;
  const left = secondsLeft === undefined ? '' : `, ${duration(secondsLeft)} left`;
  return `building ${Math.floor(done * 100)}%, ${eventsPerSecond.toLocaleString('en-US')} events/s${left}`;
}

function duration(seconds: number): string {
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
