import { RebuildOvertaken, type Rebuild, type RebuildState } from '@logfold/core';
import type { Tx } from './connection.js';

/** The state of a rebuild, which cannot change before the transaction ends. @throws RebuildOvertaken unless it is ours */
export async function guarded(
  tx: Tx,
  schema: string,
  rebuild: Rebuild,
  states: readonly RebuildState[],
): Promise<RebuildState> {
  const [row] = await tx.unsafe<{ state: RebuildState }[]>(
    `SELECT state FROM ${schema}.rebuilds WHERE id = $1::uuid AND epoch = $2 FOR UPDATE`,
    [rebuild.id, rebuild.epoch],
  );
  if (!row || !states.includes(row.state)) throw new RebuildOvertaken(rebuild.name);
  return row.state;
}
