import { SingleBar } from 'cli-progress';
import { number } from './summary.js';

/** Shows how far an import is. */
export interface Progress {
  /** @param bytes read of the input so far. */
  update(rows: number, bytes: number): void;
  /** A line of text between, such as a warning. */
  note(line: string): void;
  stop(): void;
}

const LINE_EVERY_MS = 5_000;

/** A bar on a terminal; elsewhere a line every five seconds. */
export function showProgress(stream: NodeJS.WriteStream, totalBytes: number): Progress {
  return stream.isTTY ? bar(stream, totalBytes) : lines(stream, totalBytes);
}

function bar(stream: NodeJS.WriteStream, totalBytes: number): Progress {
  const started = performance.now();
  const format = ' {bar} {percentage}%  {rows} rows  {rate} rows/s  {left} left';
  const shown = new SingleBar({
    format,
    stream,
    hideCursor: true,
    barsize: 30,
    clearOnComplete: true,
    fps: 10,
    gracefulExit: false,
  });
  shown.start(Math.max(1, totalBytes), 0, { rows: '0', rate: '0', left: '?' });
  return {
    update(rows, bytes) {
      const { rate, left } = pace(rows, bytes / totalBytes, performance.now() - started);
      shown.update(bytes, { rows: number(rows), rate: number(rate), left });
    },
    note(line) {
      stream.write(`\r\x1b[K${line}\n`);
    },
    stop: () => shown.stop(),
  };
}

function lines(stream: NodeJS.WriteStream, totalBytes: number): Progress {
  const started = performance.now();
  let next = started + LINE_EVERY_MS;
  return {
    update(rows, bytes) {
      const now = performance.now();
      if (now < next) return;
      next = now + LINE_EVERY_MS;
      const share = bytes / totalBytes;
      const { rate, left } = pace(rows, share, now - started);
      stream.write(`${Math.floor(share * 100)}%: ${number(rows)} rows, ${number(rate)} rows/s, ${left} left\n`);
    },
    note: (line) => void stream.write(`${line}\n`),
    stop: () => {},
  };
}

/** Rows per second so far, and the time left at this pace, such as `1 min 5 s`. */
export function pace(rows: number, share: number, elapsedMs: number): { readonly rate: number; readonly left: string } {
  const rate = elapsedMs > 0 ? Math.round((rows / elapsedMs) * 1_000) : 0;
  if (!(share > 0)) return { rate, left: '?' };
  const seconds = Math.max(0, Math.round(((elapsedMs / share) * (1 - share)) / 1_000));
  return { rate, left: seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s` };
}
