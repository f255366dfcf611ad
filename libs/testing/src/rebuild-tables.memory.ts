import { isDeepStrictEqual } from 'node:util';
import {
  COMPARISON_EXAMPLES,
  failpoint,
  InvalidDefinition,
  keyText,
  pick,
  ReadModelMismatch,
  RebuildBehind,
  STEPS_FROM,
  subscriptionName,
  type AnyReadModel,
  type Checkpoint,
  type Comparison,
  type EventStore,
  type ReadModel,
  type ReadModelTable,
  type Rebuild,
  type RebuildState,
  type RebuildStep,
  type RebuildTables,
  type RowDifference,
  type RowState,
  type TableOf,
  type TablesView,
  type VersionName,
} from '@logfold/core';
import type { MemoryCheckpoints } from './checkpoints.memory.js';
import type { MemoryParked } from './parked.memory.js';
import type { MemoryReadModelTables, MemoryTable, MemoryVersion } from './read-model-tables.memory.js';
import type { MemoryRebuilds } from './rebuilds.memory.js';
import { TableRows } from './table-rows.js';
import type { MemoryTx, Stage } from './transactions.memory.js';

/** The tables of rebuilds in memory: they change their names without a pause, so nobody sees anything in between. */
export class MemoryRebuildTables implements RebuildTables<MemoryTx> {
  constructor(
    readonly tables: MemoryReadModelTables,
    readonly rebuilds: MemoryRebuilds,
    readonly checkpoints: MemoryCheckpoints,
    readonly parked: MemoryParked,
    readonly events: Pick<EventStore, 'readPublished'>,
  ) {}

  async create(rebuild: Rebuild, model: AnyReadModel): Promise<void> {
    this.rebuilds.requireOurs(rebuild, ['building']);
    if (model.kind !== 'read model') return this.within();
    this.tables.versionOf(model).tables.set('new', { shape: new TableRows(model), rows: new Map() });
  }

  within(): never {
    throw new InvalidDefinition('A database in memory cannot run SQL: rebuild a read model in SQL on a Postgres');
  }

  async load(_rebuild: Rebuild, model: ReadModel, keys: readonly object[]): Promise<readonly object[]> {
    const { shape, rows } = this.tables.tableOf(model, 'new');
    return structuredClone(keys.flatMap((key): object[] => [rows.get(shape.keyOf(key)) ?? []].flat()));
  }

  async put(
    rebuild: Rebuild,
    model: ReadModel,
    { rows, deleted }: { readonly rows: readonly object[]; readonly deleted: readonly object[] },
  ): Promise<void> {
    const table = this.tables.tableOf(model, 'new');
    const stored = rows.map((row) => table.shape.stored(row));
    this.rebuilds.requireOurs(rebuild, ['building']);
    for (const key of deleted) table.rows.delete(table.shape.keyOf(key));
    for (const row of stored) table.rows.set(table.shape.keyOfRow(row), row);
    await failpoint('rebuild.mid-copy');
  }

  async attach(tx: MemoryTx, rebuild: Rebuild, model: AnyReadModel): Promise<void> {
    this.rebuilds.requireOurs(rebuild, ['building']);
    tx.stage(rebuild, () => new Attaching(this, rebuild, model));
  }

  async examine<T>(model: AnyReadModel, work: (view: TablesView) => Promise<T>): Promise<T> {
    const checkpoints = await this.checkpoints.list();
    const parked = this.parked.moment();
    const { shape, rows } = this.tables.tableOf(model as ReadModel, 'new');
    const moment: MemoryTable = { shape, rows: new Map(rows) };
    const others = new Map(this.tables.versionsOf(model.name));
    const at = (version: number): ReadonlyMap<string, ReadonlyMap<number, Checkpoint>> => {
      const found = new Map<string, Map<number, Checkpoint>>();
      for (const { subscription, source, partition, position, hint } of checkpoints) {
        if (subscription !== subscriptionName({ name: model.name, version })) continue;
        found.set(source, (found.get(source) ?? new Map<number, Checkpoint>()).set(partition, { position, hint }));
      }
      return found;
    };
    const live = new Map(
      [...others].map(([version, { tables }]) => [version, new Map(tables.get('live')?.rows)] as const),
    );
    return work({
      key: shape.key,
      count: async () => moment.rows.size,
      checkpoints: async (version) => at(version),
      parked: async (version) => parked(subscriptionName({ name: model.name, version })),
      // oxlint-disable-next-line require-await -- a generator over what is there
      async *rows() {
        yield [...moment.rows.values()];
      },
      stored: async (given) => given.map((row) => shape.stored(row)),
      compare: async (other, options) =>
        compared(moment, others.get(other.version), live.get(other.version), other, options),
    });
  }

  async step(rebuild: Rebuild, model: VersionName, step: RebuildStep): Promise<void> {
    const { state } = this.rebuilds.requireOurs(rebuild, STEPS_FROM[step]);
    await failpoint('rebuild.mid-switch'); // before all, since nothing here could be undone
    const positions = await this.#positions(model);
    this.rebuilds.requireOurs(rebuild, STEPS_FROM[step]);
    const published = await this.#everPublished(model);
    this.rebuilds.requireOurs(rebuild, STEPS_FROM[step]);
    const before = this.#shown(model);
    const next = this.#take(step, state, model, positions);
    this.#noteChanges(model, before, this.#shown(model), published);
    this.rebuilds.step(rebuild, next);
  }

  /** The keys that were ever published to the states of the versions. */
  async #everPublished({ name }: VersionName): Promise<ReadonlyMap<string, readonly object[]>> {
    const found = new Map<string, object[]>();
    for (const { state } of this.tables.versionsOf(name).values()) {
      if (state === undefined || found.has(state)) continue;
      const keys: object[] = [];
      found.set(state, keys);
      for await (const { events } of this.events.readPublished({ after: 0n, topic: state }))
        for (const { dataJson } of events) keys.push((JSON.parse(dataJson) as RowState).key);
    }
    return found;
  }

  /** What queries read, and what of it is published. */
  #shown({ name }: VersionName): Shown | undefined {
    const shown = [...this.tables.versionsOf(name).values()].find(({ current }) => current);
    const table = shown?.tables.get('live');
    return table && { state: shown!.state, table };
  }

  /** Notes the keys of rows that differ between what was published and what is. */
  #noteChanges(
    { name }: VersionName,
    before: Shown | undefined,
    after: Shown | undefined,
    ever: ReadonlyMap<string, readonly object[]>,
  ): void {
    if (!after || after.state === undefined || before?.table === after.table) return;
    const published = before?.state === after.state ? before : undefined;
    if (!published) this.tables.note(name, ever.get(after.state) ?? []);
    const rows = new Map([...(published?.table.rows ?? []), ...after.table.rows]);
    const differing = [...rows].filter(
      ([text]) => !isDeepStrictEqual(published?.table.rows.get(text), after.table.rows.get(text)),
    );
    this.tables.note(
      name,
      differing.map(([, row]) => pick(row, after.table.shape.key)),
    );
  }

  #take(step: RebuildStep, state: RebuildState, model: VersionName, positions: Positions): RebuildState {
    const versions = this.tables.versionsOf(model.name);
    const own = this.tables.versionOf(model);
    if (step === 'switch') {
      const replaces = own.fed.includes('live');
      const shown = [...versions].find(([, { current }]) => current)?.[0];
      const isOther = shown !== undefined && shown < model.version;
      if (isOther) requireAsFar(model, positions, shown, model.version);
      if (own.fed.includes('new')) {
        if (replaces) move(own, 'live', 'old');
        move(own, 'new', 'live');
        own.fed = replaces ? ['live', 'old'] : ['live'];
      }
      if (shown === undefined || isOther) show(versions, model.version);
      return replaces || isOther ? 'switched' : 'done';
    }
    if (step === 'roll back') {
      if (own.fed.includes('old')) {
        move(own, 'live', 'new');
        move(own, 'old', 'live');
        own.fed = ['live', 'new'];
        return 'rolled-back';
      }
      if (!own.current) throw new ReadModelMismatch(model.name, 'queries read another version: there is no way back');
      const before = Math.max(
        ...[...versions].flatMap(([n, { fed }]) => (n < model.version && fed.includes('live') ? n : [])),
      );
      if (!Number.isFinite(before))
        throw new ReadModelMismatch(model.name, 'there is no table before this one to go back to');
      requireAsFar(model, positions, model.version, before);
      show(versions, before);
      return 'rolled-back';
    }
    if (state === 'switched') {
      if (own.fed.includes('old')) forget(own, 'old');
      else
        for (const version of versions.keys())
          if (version < model.version) {
            versions.delete(version);
            this.rebuilds.end(model.name, version);
            this.parked.forget(subscriptionName({ name: model.name, version }));
          }
      return 'done';
    }
    forget(own, state === 'rolled-back' && !own.fed.includes('new') ? 'live' : 'new');
    return 'dropped';
  }

  async #positions({ name }: VersionName): Promise<Positions> {
    const all = await this.checkpoints.list();
    return (version) =>
      new Map(
        all
          .filter(({ subscription }) => subscription === subscriptionName({ name, version }))
          .map(({ source, partition, position }) => [`${source}/${partition}`, position]),
      );
  }
}

/** The table that queries read, and the state that it is published to. */
interface Shown {
  readonly state: string | undefined;
  readonly table: MemoryTable;
}

type Positions = (version: number) => ReadonlyMap<string, bigint>;

function move(version: MemoryVersion, from: ReadModelTable, to: ReadModelTable): void {
  version.tables.set(to, version.tables.get(from)!);
  version.tables.delete(from);
}

function forget(version: MemoryVersion, table: ReadModelTable): void {
  version.tables.delete(table);
  version.fed = version.fed.filter((each) => each !== table);
}

function show(versions: ReadonlyMap<number, MemoryVersion>, shown: number): void {
  for (const [number, version] of versions) version.current = number === shown;
}

function requireAsFar({ name }: VersionName, positions: Positions, from: number, to: number): void {
  const there = positions(to);
  for (const [place, position] of positions(from))
    if ((there.get(place) ?? position) < position) throw new RebuildBehind(name, from, to);
}

/** Makes the new table follow the checkpoint when the transaction that moves it commits. */
class Attaching implements Stage {
  readonly #tables: MemoryRebuildTables;
  readonly #rebuild: Rebuild;
  readonly #model: AnyReadModel;

  constructor(tables: MemoryRebuildTables, rebuild: Rebuild, model: AnyReadModel) {
    this.#tables = tables;
    this.#rebuild = rebuild;
    this.#model = model;
  }

  check(): void {
    this.#tables.rebuilds.requireOurs(this.#rebuild, ['building']);
  }

  commit(): void {
    const version = this.#tables.tables.versionOf(this.#model);
    version.fed = [...version.fed, 'new'];
    void this.#tables.rebuilds.update(this.#rebuild, { state: 'attached' });
  }

  rollback(): void {}
}

function compared(
  mine: MemoryTable,
  version: MemoryVersion | undefined,
  rows: ReadonlyMap<string, Readonly<Record<string, unknown>>> | undefined,
  other: TableOf,
  { except, without }: { readonly except: readonly string[]; readonly without: readonly object[] },
): Pick<Comparison, 'rows' | 'different' | 'examples'> | undefined {
  const theirs = version?.tables.get(other.table);
  if (!theirs || !rows || !isDeepStrictEqual([...theirs.shape.key].sort(), [...mine.shape.key].sort()))
    return undefined;
  const shared = mine.shape.properties.filter(
    (name) => theirs.shape.properties.includes(name) && !except.includes(name),
  );
  const leftOut = new Set(without.map((key) => keyText(pick(key, mine.shape.key))));
  const texts = [...new Set([...mine.rows.keys(), ...rows.keys()])].filter((text) => !leftOut.has(text));
  const differing: RowDifference[] = [];
  for (const text of texts) {
    const [found, expected] = [mine.rows.get(text), rows.get(text)].map((row) => row && pick(row, shared));
    if (!isDeepStrictEqual(found, expected))
      differing.push({ key: pick((found ?? expected)!, mine.shape.key), expected, found });
  }
  return { rows: texts.length, different: differing.length, examples: differing.slice(0, COMPARISON_EXAMPLES) };
}
