import {
  REBUILD_OVER,
  RebuildOvertaken,
  RebuildUnderWay,
  uuidv7,
  type Clock,
  type NewRebuild,
  type Rebuild,
  type RebuildAction,
  type RebuildChange,
  type RebuildOptions,
  type Rebuilds,
  type RebuildState,
} from '@logfold/core';

const LISTED = 1_000;

/** Rebuilds in memory. */
export class MemoryRebuilds implements Rebuilds {
  readonly #rebuilds = new Map<string, Rebuild>();

  constructor(readonly clock: Clock) {}

  async request({ name, version, ...rest }: NewRebuild): Promise<Rebuild> {
    const other = (await this.open()).find((each) => each.name === name && each.version === version);
    if (other) throw new RebuildUnderWay(name, version, other.state);
    const now = new Date(this.clock.now());
    const state = 'requested' as const;
    const rebuild: Rebuild = {
      ...rest,
      name,
      version,
      id: uuidv7(),
      state,
      epoch: 0,
      requestedAt: now,
      updatedAt: now,
    };
    this.#rebuilds.set(rebuild.id, rebuild);
    return rebuild;
  }

  async open(): Promise<readonly Rebuild[]> {
    return [...this.#rebuilds.values()].filter(({ state }) => !REBUILD_OVER.includes(state));
  }

  async list(ids?: readonly string[]): Promise<readonly Rebuild[]> {
    const wanted = [...this.#rebuilds.values()].filter(({ id }) => !ids || ids.includes(id));
    return wanted.reverse().slice(0, LISTED);
  }

  async ask(id: string, asked: RebuildAction, options: Partial<RebuildOptions> = {}): Promise<void> {
    if (this.#isOpen(id)) this.#set(id, { ...options, asked });
  }

  async claim(id: string): Promise<Rebuild | undefined> {
    return this.#isOpen(id) ? this.#set(id, { epoch: this.#rebuilds.get(id)!.epoch + 1 }) : undefined;
  }

  async update(rebuild: Rebuild, { answered, error, ...change }: RebuildChange): Promise<void> {
    this.requireOurs(rebuild);
    const { asked, error: before, ...rest } = this.#set(rebuild.id, change);
    this.#rebuilds.set(rebuild.id, {
      ...rest,
      ...(asked && !answered ? { asked } : {}),
      ...(error === undefined ? (before === undefined ? {} : { error: before }) : error === null ? {} : { error }),
    });
  }

  /** What the tables' steps do to a rebuild: its new state, and nothing asked any more. */
  step({ id }: Rebuild, state: RebuildState): void {
    const { asked: _asked, error: _error, ...rest } = this.#set(id, { state });
    this.#rebuilds.set(id, rest);
  }

  /** Ends what is open of a version whose tables are gone; whoever still works on it is overtaken. */
  end(name: string, version: number): void {
    for (const each of this.#rebuilds.values())
      if (each.name === name && each.version === version && this.#isOpen(each.id)) {
        this.#set(each.id, { epoch: each.epoch + 1 });
        this.step(each, 'dropped');
      }
  }

  /** @throws RebuildOvertaken unless the caller's claim is the last, and the state is one of those given. */
  requireOurs({ id, epoch, name }: Rebuild, states?: readonly RebuildState[]): Rebuild {
    const now = this.#rebuilds.get(id);
    if (now?.epoch !== epoch || (states && !states.includes(now.state))) throw new RebuildOvertaken(name);
    return now;
  }

  #isOpen(id: string): boolean {
    const rebuild = this.#rebuilds.get(id);
    return rebuild !== undefined && !REBUILD_OVER.includes(rebuild.state);
  }

  #set(id: string, change: Partial<Rebuild>): Rebuild {
    const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
    const next: Rebuild = { ...this.#rebuilds.get(id)!, ...given, updatedAt: new Date(this.clock.now()) };
    this.#rebuilds.set(id, next);
    return next;
  }
}
