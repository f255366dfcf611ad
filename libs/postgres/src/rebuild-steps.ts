import {
  failpoint,
  ReadModelMismatch,
  RebuildBehind,
  RebuildOvertaken,
  STEPS_FROM,
  subscriptionName,
  type ReadModelTable,
  type Rebuild,
  type RebuildState,
  type RebuildStep,
  type VersionName,
} from '@logfold/core';
import type { Tx } from './connection.js';
import { createViews, dropTables, dropViews, type Granted } from './read-model-ddl.js';
import { tableName } from './read-model-table-name.js';
import { guarded } from './rebuild-guard.js';
import { OWNER_ROLE } from './roles.js';
import { noteDifferences, noteEverPublished } from './state-notes.js';

/** To rename a table waits for those who read it, and lets others wait behind: so it is not tried for long, and again later. */
const LOCK_TIMEOUT = '1s';

/** A process that stands still in the middle of a step keeps readers waiting for no longer. */
const IDLE_TIMEOUT = '2s';

interface Version {
  readonly version: number;
  readonly fed: readonly string[];
  readonly current: boolean;
  /** The state that its rows are published to. */
  readonly state: string | null;
  /** The names of its tables. */
  readonly parts: readonly string[];
}

/** Everything that a step works with, within its transaction. */
interface Step {
  readonly tx: Tx;
  readonly schema: string;
  readonly model: VersionName;
  /** All versions of the read model, locked. */
  readonly versions: readonly Version[];
  readonly own: Version;
}

/** Takes one step of a rebuild. @throws RebuildOvertaken, RebuildBehind, ReadModelMismatch when there is nothing to step to */
export async function takeStep(
  tx: Tx,
  schema: string,
  rebuild: Rebuild,
  model: VersionName,
  step: RebuildStep,
): Promise<void> {
  await tx.unsafe(`SET LOCAL ROLE ${OWNER_ROLE}`);
  await tx.unsafe(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
  await tx.unsafe(`SET LOCAL idle_in_transaction_session_timeout = '${IDLE_TIMEOUT}'`);
  const state = await guarded(tx, schema, rebuild, STEPS_FROM[step]);
  const rows = await tx.unsafe<(Omit<Version, 'fed' | 'parts'> & { fed: string; parts: string })[]>(
    `SELECT version, array_to_string(fed, ',') AS fed, array_to_string(parts, ',') AS parts, current, state FROM ${schema}.read_models WHERE name = $1 ORDER BY version FOR UPDATE`,
    [model.name],
  );
  const versions = rows.map(({ fed, parts, ...rest }) => ({
    ...rest,
    fed: fed === '' ? [] : fed.split(','),
    parts: parts.split(','), // one without a name, or several with one each
  }));
  const own = versions.find(({ version }) => version === model.version);
  if (!own) throw new RebuildOvertaken(model.name);
  const parts: Step = { tx, schema, model, versions, own };
  const next = await STEPS[step](parts, state);
  await drop(parts, own, 'check');
  await tx.unsafe(
    `UPDATE ${schema}.rebuilds SET state = $2, asked = NULL, error = NULL, updated_at = clock_timestamp() WHERE id = $1::uuid`,
    [rebuild.id, next],
  );
  await failpoint('rebuild.mid-switch');
}

const STEPS: Readonly<Record<RebuildStep, (step: Step, state: RebuildState) => Promise<RebuildState>>> = {
  async switch(step) {
    const { own, versions } = step;
    const replaces = own.fed.includes('live');
    const shown = versions.find(({ current }) => current);
    const isOlder = shown !== undefined && shown.version > own.version;
    const inPlace = own.current && own.fed.includes('new');
    if (inPlace) await noteChanges(step, [own, 'live'], [own, 'new']);
    const hidden = inPlace ? await hide(step) : undefined; // who reads waits for the view, and then for its table
    if (own.fed.includes('new')) {
      if (replaces) await rename(step, 'live', 'old');
      await rename(step, 'new', 'live');
      await feed(step, replaces ? ['live', 'old'] : ['live']);
    }
    if (isOlder) return replaces ? 'switched' : 'done';
    if (shown && shown.version !== own.version) await requireAsFar(step, shown.version, own.version);
    if (!inPlace) await noteChanges(step, shown && [shown, 'live'], [own, 'live']);
    await show(step, own, hidden ?? (await hide(step)));
    return replaces || (shown && shown.version !== own.version) ? 'switched' : 'done';
  },

  async 'roll back'(step) {
    const { own, versions } = step;
    if (own.fed.includes('old')) {
      if (own.current) await noteChanges(step, [own, 'live'], [own, 'old']);
      const granted: Granted = own.current ? await hide(step) : new Map();
      await rename(step, 'live', 'new');
      await rename(step, 'old', 'live');
      await feed(step, ['live', 'new']);
      if (own.current) await show(step, own, granted);
      return 'rolled-back';
    }
    const before = versions.findLast(({ version, fed }) => version < own.version && fed.includes('live'));
    if (!own.current)
      throw new ReadModelMismatch(step.model.name, 'queries read another version: there is no way back');
    if (!before) throw new ReadModelMismatch(step.model.name, 'there is no table before this one to go back to');
    await requireAsFar(step, own.version, before.version);
    await noteChanges(step, [own, 'live'], [before, 'live']);
    await show(step, before, await hide(step));
    return 'rolled-back';
  },

  async drop(step, state) {
    const { own } = step;
    if (state === 'switched') {
      if (own.fed.includes('old')) {
        await drop(step, own, 'old');
        await feed(step, ['live']);
      } else await dropVersionsBefore(step);
      return 'done';
    }
    // What was rolled back to a version before has no new table: what it had switched on goes.
    const unused = state === 'rolled-back' && !own.fed.includes('new') ? 'live' : 'new';
    await drop(step, own, unused);
    await feed(
      step,
      own.fed.filter((table) => table !== unused),
    );
    return 'dropped';
  },
};

/**
 * Notes what has to be published when queries read another table, of which nobody writes a row before the commit. Behind
 * `requireAsFar` where the versions differ: a batch that waits for a checkpoint finds the other one current, and rolls back.
 */
async function noteChanges(
  { tx, schema, model: { name } }: Step,
  from: readonly [Version, ReadModelTable] | undefined,
  to: readonly [Version, ReadModelTable],
): Promise<void> {
  const [{ state }] = to;
  if (state === null) return;
  const nameOf = ([{ version }, table]: readonly [Version, ReadModelTable]): string =>
    tableName(schema, { name, version }, table);
  const after = nameOf(to);
  const before = from?.[0].state === state ? nameOf(from) : undefined;
  for (const table of before === undefined ? [after] : [before, after])
    await tx.unsafe(`LOCK TABLE ${table} IN SHARE ROW EXCLUSIVE MODE`);
  if (before === undefined) await noteEverPublished(tx, { schema, name }, state);
  await noteDifferences(tx, { schema, name, before, after });
}

async function rename({ tx, schema, model, own }: Step, from: ReadModelTable, to: ReadModelTable): Promise<void> {
  for (const part of own.parts) {
    const target = tableName(schema, model, to, part).slice(schema.length + 1);
    await tx.unsafe(`ALTER TABLE ${tableName(schema, model, from, part)} RENAME TO ${target}`);
  }
}

async function feed({ tx, schema, model }: Step, tables: readonly string[]): Promise<void> {
  await tx.unsafe(`UPDATE ${schema}.read_models SET fed = $3::text[] WHERE name = $1 AND version = $2`, [
    model.name,
    model.version,
    [...tables],
  ]);
}

/** Takes the views away until `show`. */
function hide({ tx, schema, model: { name }, versions }: Step): Promise<Granted> {
  return dropViews(
    tx,
    schema,
    name,
    versions.flatMap(({ parts }) => parts),
  );
}

/** Points the views at a version. */
async function show({ tx, schema, model: { name } }: Step, version: Version, granted: Granted): Promise<void> {
  await tx.unsafe(`UPDATE ${schema}.read_models SET current = (version = $2) WHERE name = $1`, [name, version.version]);
  await createViews(tx, schema, { ...version, name }, granted);
}

/** Holds both versions where they are. @throws RebuildBehind unless the one to be shown has got as far in every partition */
async function requireAsFar({ tx, schema, model }: Step, from: number, to: number): Promise<void> {
  const subscription = (version: number): string => subscriptionName({ name: model.name, version });
  const rows = await tx.unsafe<{ subscription: string; source: string; partition: number; position: bigint }[]>(
    `SELECT subscription, source, partition, position FROM ${schema}.checkpoints
      WHERE subscription = ANY($1::text[]) ORDER BY subscription, source, partition FOR UPDATE`,
    [[subscription(from), subscription(to)]],
  );
  const at = new Map(
    rows.filter((row) => row.subscription === subscription(to)).map((row) => [`${row.source}/${row.partition}`, row]),
  );
  for (const row of rows)
    if (row.subscription === subscription(from)) {
      const other = at.get(`${row.source}/${row.partition}`);
      if (other && other.position < row.position) throw new RebuildBehind(model.name, from, to);
    }
}

async function drop({ tx, schema, model: { name } }: Step, version: Version, table: ReadModelTable): Promise<void> {
  await dropTables(tx, schema, { ...version, name }, table);
}

/** Removes the versions that nobody runs any more, and ends their rebuilds. @throws ReadModelMismatch when one is run */
async function dropVersionsBefore(step: Step): Promise<void> {
  const { tx, schema, model, own, versions } = step;
  for (const before of versions.filter((each) => each.version < own.version)) {
    const { version } = before;
    const name = subscriptionName({ name: model.name, version });
    const [lease] = await tx.unsafe(
      `SELECT owner FROM ${schema}.leases WHERE name = $1 AND expires_at > clock_timestamp()`,
      [name],
    );
    if (lease)
      throw new ReadModelMismatch(
        model.name,
        `version ${version} is still run by ${String(lease['owner'])}: stop it first`,
      );
    for (const table of ['live', 'new', 'old', 'check'] as const) await drop(step, before, table);
    await tx.unsafe(`DELETE FROM ${schema}.checkpoints WHERE subscription = $1`, [name]);
    await tx.unsafe(`DELETE FROM ${schema}.parked WHERE subscription = $1`, [name]);
    await tx.unsafe(`DELETE FROM ${schema}.read_models WHERE name = $1 AND version = $2`, [model.name, version]);
    await tx.unsafe(
      `UPDATE ${schema}.rebuilds SET state = 'dropped', epoch = epoch + 1, asked = NULL, updated_at = clock_timestamp()
        WHERE name = $1 AND version = $2 AND state NOT IN ('done', 'dropped', 'failed')`,
      [model.name, version],
    );
  }
}
