import { BrokerUnavailable, type PartitionTail } from '@logfold/core';
import { committedRecords } from './committed.js';
import { nameOf, type Fetched, type KafkaDriver, type Offsets, type TopicPartition } from './driver.js';
import { forbidden, isForbidden } from './forbidden.js';
import { grouped, leadersOf, offsetsOf } from './offsets.js';
import { pause } from './pause.js';
import { decodeRecord, type ReceivedRecord } from './record.js';

/** Where one partition's search has got to: the records from `from` on and below `to` are being looked at. */
interface Search extends TopicPartition {
  readonly offsets: Offsets;
  from: bigint;
  to: bigint;
  /** The next offset to fetch. */
  next: bigint;
  window: bigint;
  found: ReceivedRecord | undefined;
  /** Found, or nothing is there down to the start. */
  done: boolean;
}

/** The first look: the last marker and the batch before it, which is fetched whole. */
const FIRST_WINDOW = 2n;
const GROWTH = 8n;
/** Bounds the memory of one step. */
const LARGEST_WINDOW = 8_192n;
const FETCH_BYTES = 1024 * 1024;
const RETRY_MS = 50;

/**
 * The last committed record of any log in each partition, stepping back from the ends over markers, aborted records and
 * what is no record of a log, down to the starts if need be. The ends must be read after `initProducerId`, and nothing
 * may be open below them: then nothing of an earlier session can be committed behind our back.
 * @throws BrokerUnavailable when a partition cannot be read for `limitMs` at a stretch, BrokerUnsuitable when it may not be read
 */
export async function readTails(
  driver: KafkaDriver,
  partitions: readonly TopicPartition[],
  ends: ReadonlyMap<string, Offsets>,
  limitMs: number,
  signal: AbortSignal,
): Promise<PartitionTail[]> {
  const searches = partitions.map((partition): Search => {
    const offsets = ends.get(nameOf(partition))!;
    const begun = { window: FIRST_WINDOW, found: undefined, from: 0n, next: 0n, done: offsets.end <= offsets.start };
    const search: Search = { ...partition, offsets, to: offsets.end, ...begun };
    openWindow(search);
    return search;
  });
  let deadline = performance.now() + limitMs;
  for (let open = searches.filter(isOpen); open.length > 0; open = open.filter(isOpen)) {
    try {
      if (await step(driver, open)) deadline = performance.now() + limitMs;
      else if (performance.now() > deadline) throw new BrokerUnavailable('The ends of the topics cannot be read');
      else await pause(RETRY_MS, signal);
    } catch (error) {
      if (!(error instanceof BrokerUnavailable) || performance.now() > deadline || signal.aborted) throw error;
      await pause(RETRY_MS, signal);
    }
    if (signal.aborted) throw new BrokerUnavailable('Reading the ends of the topics was interrupted');
  }
  return searches.map(({ topic, partition, offsets, found }) => ({
    topic,
    partition,
    end: offsets.end,
    last: found && { position: found.position, eventId: found.eventId, log: found.log },
  }));
}

/**
 * The last record of each partition that is committed now, however much is open behind it.
 * @throws BrokerUnavailable as above
 */
export async function readCommittedTails(
  driver: KafkaDriver,
  partitions: readonly TopicPartition[],
  limitMs: number,
  signal: AbortSignal,
): Promise<PartitionTail[]> {
  const offsets = await offsetsOf(driver, partitions, limitMs, signal);
  const decided = new Map([...offsets].map(([name, each]): [string, Offsets] => [name, { ...each, end: each.stable }]));
  return readTails(driver, partitions, decided, limitMs, signal);
}

/** One fetch from each leader; false when none gave a record. */
async function step(driver: KafkaDriver, open: readonly Search[]): Promise<boolean> {
  const leaders = await leadersOf(driver, open);
  const asked = open.map((search) => ({ topic: search.topic, partition: search.partition, offset: search.next }));
  const answers = await Promise.all(
    grouped(asked, leaders).map(([leader, group]) => driver.fetch(leader, group, FETCH_BYTES)),
  );
  const byName = new Map(open.map((search) => [nameOf(search), search]));
  const fetched = answers.flat();
  const bad = fetched.find(({ code }) => code !== 'NONE');
  if (bad && isForbidden(bad.code)) throw forbidden('Read', `topic "${bad.topic}"`);
  if (bad) throw new BrokerUnavailable(`Topic "${bad.topic}", partition ${bad.partition}, cannot be read: ${bad.code}`);
  for (const each of fetched) advance(byName.get(nameOf(each))!, each);
  return fetched.some(({ records }) => records.length > 0);
}

function isOpen({ done }: Search): boolean {
  return !done;
}

function openWindow(search: Search): void {
  const { start } = search.offsets;
  search.from = search.to - search.window > start ? search.to - search.window : start;
  search.next = search.from;
  search.window = search.window * GROWTH < LARGEST_WINDOW ? search.window * GROWTH : LARGEST_WINDOW;
}

/**
 * Takes in what was fetched, to the end of the window: the last record in it counts. If there is none the window before
 * it is next.
 */
function advance(search: Search, fetched: Fetched): void {
  for (const record of committedRecords(fetched)) {
    const offset = BigInt(record.offset);
    if (offset < search.from || offset >= search.to) continue;
    const decoded = decodeRecord(search.topic, search.partition, record);
    if (decoded.kind === 'record') search.found = decoded;
  }
  const last = fetched.records.at(-1);
  if (last) search.next = BigInt(last.offset) + 1n;
  if (search.next < search.to) return;
  search.to = search.from;
  search.done = search.found !== undefined || search.from <= search.offsets.start;
  if (!search.done) openWindow(search);
}
