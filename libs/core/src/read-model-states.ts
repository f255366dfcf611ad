import type { CheckpointKey } from './checkpoint.js';
import type { Database } from './database.js';
import { subscriptionName } from './subscription-name.js';
import type { ReadModelVersion } from './read-model-tables.js';
import type { Rebuild } from './rebuild.js';

/** How far a read model got in one partition of a source. */
export type ReadModelPosition = Pick<CheckpointKey, 'source'> & {
  readonly partition: number;
  readonly position: bigint;
};

/** A version of a read model, and how it is doing. */
export interface ReadModelState extends ReadModelVersion {
  /** The process that feeds it, and does its rebuilds; undefined when none does. */
  readonly runBy: string | undefined;
  readonly positions: readonly ReadModelPosition[];
  /** The rebuild that is not over. */
  readonly rebuild: Rebuild | undefined;
}

/** All versions of all read models of a service, by name and in order: for people and for programs that have not its code. */
export async function readModelStates(database: Database<any>): Promise<readonly ReadModelState[]> {
  const [versions, leases, checkpoints, rebuilds] = await Promise.all([
    database.readModels.versions(),
    database.leases.held(),
    database.checkpoints.list(),
    database.rebuilds.open(),
  ]);
  return versions.map((each) => {
    const subscription = subscriptionName(each);
    return {
      ...each,
      runBy: leases.find(({ name }) => name === subscription)?.owner,
      positions: checkpoints
        .filter((checkpoint) => checkpoint.subscription === subscription)
        .map(({ source, partition, position }) => ({ source, partition, position })),
      rebuild: rebuilds.find(({ name, version }) => name === each.name && version === each.version),
    };
  });
}
