import {
  AppendOutcomeUnknown,
  IdempotencyKeyTaken,
  WrongExpectedVersion,
  backoffMs,
  handledBy,
  systemClock,
  type Appended,
  type PreparedAppend,
} from '@logfold/core';
import { decodeAppend, decodeBatch, encodeCommands, type AppendedRow } from './append-encoding.js';
import type { AppendLane } from './append-lane.js';
import { isDataError, isDuplicate } from './errors.js';

/** What became of an append: stored, or why not. */
export type Outcome = Appended | Error;

/**
 * How a batch whose answer was lost is settled: its outcomes, or 'void' when it was not stored and never will be, so
 * that it may be sent anew.
 */
export type Resolver = (
  lane: AppendLane,
  appends: readonly PreparedAppend[],
  mark: string | undefined,
) => Promise<readonly Outcome[] | 'void'>;

/** Looking again for longer than this is given up with AppendOutcomeUnknown. */
const GIVE_UP_MS = 30_000;

/**
 * Finds out what became of a batch whose answer never came. The lost request may still arrive at the server, any time:
 * - with a mark: whoever gets the mark into `appends` first has won. If it was the lost request, the batch is stored and
 *   is read back; if it is we, the lost request can never commit any more.
 * - without one every append expects an exact version, so it is sent again: one of the two is refused. Where ours is,
 *   the id of the event found there tells whether the lost request was stored.
 */
export const resolveOutcome: Resolver = async (lane, appends, mark) => {
  const end = systemClock.now() + GIVE_UP_MS;
  for (let attempt = 0; ; attempt++) {
    try {
      return mark === undefined ? await sendAgain(lane, appends) : await claim(lane, appends, mark);
    } catch (error) {
      if (isDataError(error)) return 'void'; // the lost request held the same data
      if (systemClock.now() >= end)
        return appends.map(({ stream }) => new AppendOutcomeUnknown(stream, { cause: error }));
    }
    await systemClock.sleep(backoffMs({ firstMs: 20, maxMs: 1_000 }, attempt));
  }
};

/** What each append of a batch led to, for the rows that the statement answered; looks up the version of those refused. */
export async function outcomesOf(
  lane: AppendLane,
  appends: readonly PreparedAppend[],
  rows: readonly AppendedRow[],
): Promise<Outcome[]> {
  const stored = decodeBatch(appends, rows);
  return withRefusals(
    lane,
    appends,
    appends.map(({ stream }) => stored.get(stream)),
  );
}

async function claim(
  lane: AppendLane,
  appends: readonly PreparedAppend[],
  mark: string,
): Promise<readonly Outcome[] | 'void'> {
  try {
    await lane.query(lane.statements.claimBatch, [mark]);
    return 'void';
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    return readBack(lane, appends);
  }
}

async function sendAgain(lane: AppendLane, appends: readonly PreparedAppend[]): Promise<readonly Outcome[]> {
  const outcomes = await outcomesOf(lane, appends, await lane.store(appends, undefined));
  return Promise.all(
    outcomes.map(async (outcome, index) =>
      outcome instanceof WrongExpectedVersion || outcome instanceof IdempotencyKeyTaken
        ? ((await storedBefore(lane, appends[index]!)) ?? outcome)
        : outcome,
    ),
  );
}

/** The mark is taken: by the lost request, or by a claim of ours whose own answer was lost; then nothing is stored. */
async function readBack(lane: AppendLane, appends: readonly PreparedAppend[]): Promise<readonly Outcome[] | 'void'> {
  const found = await Promise.all(appends.map((append) => storedBefore(lane, append)));
  if (found.every((append) => append === undefined)) return 'void';
  return withRefusals(lane, appends, found);
}

/** The appends that were stored, and in the place of those that were not why: a command's key, or the version. */
async function withRefusals(
  lane: AppendLane,
  appends: readonly PreparedAppend[],
  stored: readonly (Appended | undefined)[],
): Promise<Outcome[]> {
  const refused = appends.filter((_, index) => !stored[index]);
  const versions = await versionsOf(
    lane,
    refused.map(({ stream }) => stream),
  );
  const taken = await takenKeys(lane, refused);
  return appends.map((append, index) => stored[index] ?? refusal(append, versions(append.stream), taken));
}

/** Why an append was not stored, as far as it is known. */
function refusal(
  { stream, expected, commands }: PreparedAppend,
  version: number | undefined,
  taken: Set<string>,
): Error {
  const keys = commands.map(({ key }) => key).filter((key) => taken.has(key));
  return keys.length > 0 ? new IdempotencyKeyTaken(keys) : new WrongExpectedVersion(stream, expected, version);
}

/** The keys of these appends that are taken; none where that cannot be had now. Never rejects, as `versionsOf`. */
async function takenKeys(lane: AppendLane, appends: readonly PreparedAppend[]): Promise<Set<string>> {
  const commands = appends.flatMap((append) => handledBy(append, 0));
  if (commands.length === 0) return new Set();
  const asked = [encodeCommands(commands)];
  const rows = await lane.query<{ id: string }>(lane.statements.takenCommands, asked).catch(() => []);
  return new Set(rows.map(({ id }) => id));
}

/** The append as it was stored by the lost request, found by the id of its first event; undefined when it was not. */
async function storedBefore(lane: AppendLane, append: PreparedAppend): Promise<Appended | undefined> {
  const { stream, events } = append;
  const rows = await lane.query<AppendedRow>(lane.statements.stored, [stream, events[0]!.id, events.length]);
  return rows.length === 0 ? undefined : decodeAppend(append, rows);
}

/**
 * The versions of streams, for the errors of those that were refused; undefined where they cannot be had now. Never
 * rejects: the other appends of the batch are committed, and must not be told otherwise.
 */
async function versionsOf(
  lane: AppendLane,
  streams: readonly string[],
): Promise<(stream: string) => number | undefined> {
  if (streams.length === 0) return () => undefined;
  try {
    const rows = await lane.query<{ stream: string; version: number }>(lane.statements.versions, [[...streams]]);
    const found = new Map(rows.map(({ stream, version }) => [stream, version]));
    return (stream) => found.get(stream) ?? 0;
  } catch {
    return () => undefined;
  }
}
