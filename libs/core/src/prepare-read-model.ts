import type { Database } from './database.js';
import { RebuildUnderWay } from './read-model-errors.js';
import { readsState } from './state.js';
import type { AnyReadModel } from './sql-read-model.js';

/**
 * Makes a version of a read model ready to be run. Where there is nothing to replay its table is there at once; otherwise
 * it is built beside what queries read now, verified and switched on, and until then queries of this version are refused.
 * What reads a state topic has its table at once, and fills it: such a topic keeps nothing that could be replayed.
 * @throws ReadModelMismatch when the definition is not that of the version
 */
export async function prepareReadModel(database: Database<any>, model: AnyReadModel): Promise<void> {
  const { name, version } = model;
  const versions = await database.readModels.versions(name);
  const fed = versions.find((each) => each.version === version)?.fed ?? [];
  if (readsState(model)) return database.readModels.prepare(model, { create: true, show: true });
  const isFirst = versions.every((each) => each.version === version);
  const create = fed.length === 0 && isFirst && (await database.events.end()) === 0n;
  await database.readModels.prepare(model, { create });
  if (create || fed.length > 0) return;
  const why = isFirst ? 'there are events already' : 'the version is new';
  try {
    await database.rebuilds.request({
      name,
      version,
      who: 'the service',
      why,
      full: false,
      switchWhenVerified: true,
      acceptDifferences: false,
    });
  } catch (error) {
    if (!(error instanceof RebuildUnderWay)) throw error; // another process was faster, or this is not the first start
  }
}
