import { DatabaseUnavailable, type LogIdentity } from '@logfold/core';
import { Connection, type ConnectionOptions, type Tx } from './connection.js';
import { OWNER_ROLE } from './roles.js';
import { inTransaction } from './transactions.js';

/** How long the events behind the shared position may take to be moved. */
const STATEMENT_TIMEOUT_MS = 600_000;

/**
 * Moves the events behind `shared`, with what the service has handled of them, behind `behind`, and raises the epoch.
 *
 * The lock on the table lets the appends under way end, with the positions that they drew before, and keeps new ones from
 * drawing any until this is committed: an INSERT takes its own lock on the table before the fence's trigger runs. So
 * every event is moved or is drawn behind all that were. All move by one distance, so order and checkpoints stay exact.
 * The sequence, which no rollback resets, is set last; should the commit fail, some positions are left out, that is all.
 * @throws DatabaseUnavailable when a subscription to the log runs, or an append holds the table for longer than the
 *   lock's time-out: try again.
 */
export async function fork(
  login: ConnectionOptions,
  schema: string,
  positions: { readonly shared: bigint; readonly behind: bigint },
): Promise<LogIdentity> {
  const connection = new Connection({ ...login, statementTimeoutMs: STATEMENT_TIMEOUT_MS });
  try {
    return await inTransaction(connection, (tx) => forked(tx, schema, positions));
  } finally {
    await connection.close();
  }
}

async function forked(
  tx: Tx,
  schema: string,
  { shared, behind }: { readonly shared: bigint; readonly behind: bigint },
): Promise<LogIdentity> {
  await tx.unsafe(`SET LOCAL ROLE ${OWNER_ROLE}`);
  await tx.unsafe(`LOCK TABLE ${schema}.events IN EXCLUSIVE MODE`);
  await refuseRunning(tx, schema);
  const [drawn] = await tx.unsafe<{ base: bigint }[]>(
    `SELECT greatest(last_value, $1::bigint, $2::bigint) AS base FROM ${schema}.position`,
    [shared, behind],
  );
  const by = drawn!.base - shared;
  await moveEvents(tx, schema, shared, by);
  for (const table of ['checkpoints', 'parked', 'commands', 'settled'])
    await tx.unsafe(
      `UPDATE ${schema}.${table} SET position = position + $2::bigint
          WHERE position > $1 AND source = (SELECT name FROM ${schema}.log)`,
      [shared, by],
    );
  await tx.unsafe(`UPDATE ${schema}.relay SET position = least(position, $1)`, [shared]);
  const [log] = await tx.unsafe<LogIdentity[]>(`UPDATE ${schema}.log SET epoch = epoch + 1 RETURNING id, name, epoch`);
  await tx.unsafe(
    `SELECT setval('${schema}.position', greatest($1::bigint, (SELECT max(position) FROM ${schema}.events)))`,
    [drawn!.base],
  );
  const { id, name, epoch } = log!;
  return { id, name, epoch };
}

/** The one change of events that there is: their place. The trigger that refuses changes is back before anybody else writes. */
async function moveEvents(tx: Tx, schema: string, shared: bigint, by: bigint): Promise<void> {
  await tx.unsafe(`ALTER TABLE ${schema}.events DISABLE TRIGGER immutable`);
  await tx.unsafe(`UPDATE ${schema}.events SET position = position + $2::bigint WHERE position > $1`, [shared, by]);
  await tx.unsafe(`ALTER TABLE ${schema}.events ENABLE TRIGGER immutable`);
}

/** A subscription that has read events would move its checkpoint to the position that one of them had before. */
async function refuseRunning(tx: Tx, schema: string): Promise<void> {
  const [running] = await tx.unsafe<{ name: string }[]>(
    `SELECT lease.name FROM ${schema}.leases lease JOIN ${schema}.checkpoints c ON lease.name IN (c.subscription, c.subscription || ' from ' || c.source)
      WHERE c.source = (SELECT name FROM ${schema}.log) AND lease.expires_at > clock_timestamp() LIMIT 1`,
  );
  if (running)
    throw new DatabaseUnavailable(
      `"${running.name}" reads this log now: stop the service, then fork the log (a process that was killed counts for some seconds more)`,
    );
}
