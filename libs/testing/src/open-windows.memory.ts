import type { DerivedProgress, OpenWindow, OpenWindows, Watermark } from '@logfold/core';
import type { MemoryTx, Stage } from './transactions.memory.js';

type Place = Pick<OpenWindow, 'key' | 'startMs'>;

/** What is kept of one derived stream. */
interface Kept {
  readonly watermark: Watermark;
  readonly windows: ReadonlyMap<string, OpenWindow>;
}

const NOTHING: Kept = { watermark: { ms: undefined, late: 0 }, windows: new Map() };

/** The windows of derived streams in memory. What a transaction changes replaces what was there when it commits. */
export class MemoryOpenWindows implements OpenWindows<MemoryTx> {
  readonly #kept = new Map<string, Kept>();

  async load(
    tx: MemoryTx,
    stream: string,
    windows: readonly Place[],
  ): Promise<{ watermark: Watermark; open: readonly OpenWindow[] }> {
    const { watermark, windows: kept } = this.#staged(tx).of(stream);
    const names = new Set(windows.map(nameOf));
    return { watermark, open: [...names].flatMap((name) => kept.get(name) ?? []) };
  }

  async ending(tx: MemoryTx, stream: string, byMs: number, limit: number): Promise<readonly OpenWindow[]> {
    return [...this.#staged(tx).of(stream).windows.values()]
      .filter(({ endMs }) => endMs <= byMs)
      .sort((a, b) => a.endMs - b.endMs || Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))
      .slice(0, limit);
  }

  async save(tx: MemoryTx, stream: string, watermark: Watermark, windows: readonly OpenWindow[]): Promise<void> {
    const staged = this.#staged(tx);
    const kept = new Map(staged.of(stream).windows);
    for (const window of windows) kept.set(nameOf(window), { ...window });
    staged.changed.set(stream, { watermark: { ...watermark }, windows: kept });
  }

  async remove(tx: MemoryTx, stream: string, windows: readonly Place[]): Promise<void> {
    const staged = this.#staged(tx);
    const { watermark, windows: kept } = staged.of(stream);
    const gone = new Set(windows.map(nameOf));
    const left = new Map([...kept].filter(([name]) => !gone.has(name)));
    staged.changed.set(stream, { watermark, windows: left });
  }

  async list(): Promise<readonly DerivedProgress[]> {
    return [...this.#kept]
      .map(([stream, { watermark, windows }]) => ({ stream, ...watermark, open: windows.size }))
      .sort((a, b) => (a.stream < b.stream ? -1 : 1));
  }

  #staged(tx: MemoryTx): StagedWindows {
    return tx.stage(this, () => new StagedWindows(this.#kept));
  }
}

/** What an open transaction does with windows. Two that change one stream's move the same checkpoint: only one commits. */
class StagedWindows implements Stage {
  readonly changed = new Map<string, Kept>();

  constructor(readonly kept: Map<string, Kept>) {}

  of(stream: string): Kept {
    return this.changed.get(stream) ?? this.kept.get(stream) ?? NOTHING;
  }

  check(): void {}

  commit(): void {
    for (const [stream, kept] of this.changed) this.kept.set(stream, kept);
  }

  rollback(): void {}
}

function nameOf({ key, startMs }: Place): string {
  return `${startMs} ${key}`;
}
