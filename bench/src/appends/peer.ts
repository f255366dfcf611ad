import type { Emmett } from '../emmett.js';
import type { OneAppend } from './workload.js';

/** Emmett: `appendToStream` as its documentation shows it. */
export function appendToEmmett({ store, noStream }: Emmett) {
  return ({ stream, version, data, metadata }: OneAppend): Promise<unknown> =>
    store.appendToStream(stream, [{ type: 'LinePlaced', data, metadata }], {
      expectedStreamVersion: version === 0 ? noStream : BigInt(version),
    });
}
