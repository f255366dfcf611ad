import type { Fetched, FetchedRecord } from './driver.js';

/**
 * Leaves out markers and what was aborted: a producer's records from the first offset of an aborted transaction up to
 * its abort marker. A fetch may begin inside several of them, and they come ordered by their ends.
 */
export function committedRecords({ records, aborted }: Pick<Fetched, 'records' | 'aborted'>): FetchedRecord[] {
  const ahead = aborted.map(({ producerId, firstOffset }) => ({ producerId, first: BigInt(firstOffset) }));
  ahead.sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
  const aborting = new Set<string>();
  let next = 0;
  return records.filter((record) => {
    const offset = BigInt(record.offset);
    for (; next < ahead.length && ahead[next]!.first <= offset; next++) aborting.add(ahead[next]!.producerId);
    const { producerId = '', inTransaction = false } = record.batchContext;
    if (record.isControlRecord) {
      if (isAbortMarker(record)) aborting.delete(producerId);
      return false;
    }
    return !(inTransaction && aborting.has(producerId));
  });
}

/** The key of a marker: its version, then 0 for an abort and 1 for a commit, 16 bits each. */
function isAbortMarker({ key }: FetchedRecord): boolean {
  return key !== null && key.length >= 4 && key.readInt16BE(2) === 0;
}
