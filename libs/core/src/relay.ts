import { systemClock } from './clock.js';
import type { PublishedLog } from './event-store.js';
import { failpoint } from './failpoint.js';
import type { Leases } from './lease.js';
import { whileLeased } from './leased.js';
import { followed } from './log-source.js';
import type { Publisher, PublisherSession } from './publisher.js';
import { checkTails, RelayPlan, type LostRecords } from './relay-plan.js';
import type { RelayMarks } from './relay-mark.js';
import { runner, type Runner, type RunnerContext, type RunnerOptions } from './runner.js';
import type { TopicDeclaration } from './topic.js';
import type { WakeUp } from './wake-up.js';

/** The parts of a relay. */
export interface RelayParts {
  readonly log: PublishedLog;
  /** Every topic that events of the log belong to. */
  readonly topics: readonly TopicDeclaration[];
  readonly publisher: Publisher;
  readonly marks: RelayMarks;
  readonly wakeUp: WakeUp;
  readonly leases: Leases;
  readonly owner: string;
  readonly leaseTtlMs?: number;
  /** Told when a broker has lost committed records, which are then sent again. */
  readonly onLost?: (lost: LostRecords) => void;
  /** Told after each batch: everything up to here was sent. */
  readonly onRelayed?: (position: bigint) => void;
}

/** The name of the relay's runner and of its lease. */
export const RELAY = 'relay';

const READ_LIMIT = 1_000;
const MARK_EVERY_MS = 1_000;

/**
 * Sends the log to its topics, each event once and in order: reads up to the safe position, and sends what is behind
 * its partition's last record, a batch in one transaction. After any error it begins a new session, which fences the
 * old one, and learns from the topics themselves what was sent.
 */
export function relay(parts: RelayParts, options: RunnerOptions = {}): Runner {
  const { leases, owner, leaseTtlMs = 10_000 } = parts;
  return runner(
    RELAY,
    (context) =>
      whileLeased(
        { leases, name: RELAY, owner, ttlMs: leaseTtlMs, signal: context.signal, ...options },
        (signal, held) => inSession(parts, { ...context, signal }, held, options),
      ),
    options,
  );
}

async function inSession(
  parts: RelayParts,
  context: RunnerContext,
  mayBegin: () => Promise<boolean>,
  options: RunnerOptions,
): Promise<void> {
  const { log, topics, publisher } = parts;
  const { signal } = context;
  await failpoint('relay.after-lease');
  const identity = await log.identity();
  const session = await publisher.begin({ log: identity, topics, mayBegin, signal });
  try {
    if (signal.aborted) return;
    await checkTails(log, identity, session.partitions);
    await sendAll(parts, context, session, options);
  } finally {
    await session.close();
  }
}

async function sendAll(
  { log, topics, marks, wakeUp, onLost, onRelayed }: RelayParts,
  { signal, progressed }: RunnerContext,
  session: PublisherSession,
  { clock = systemClock }: RunnerOptions,
): Promise<void> {
  const plan = new RelayPlan(topics, session.partitions, await marks.load());
  for (const lost of plan.lost) onLost?.(lost);
  let markedAt = -Infinity;
  let unmarked: bigint | undefined;
  const save = async (): Promise<void> => {
    if (unmarked === undefined) return;
    await failpoint('relay.before-mark');
    await marks.save(plan.mark(unmarked));
    unmarked = undefined;
    markedAt = clock.now();
  };

  const read = (after: bigint) => log.readPublished({ after, limit: READ_LIMIT, signal });
  for await (const batch of followed(read, { after: plan.start, wakeUp, signal })) {
    await failpoint('relay.after-read');
    let records = plan.records(batch.events);
    while (records.length > 0) {
      const sent = await session.publish(records);
      await failpoint('relay.after-commit');
      records = records.slice(sent);
      progressed();
    }
    unmarked = batch.position;
    onRelayed?.(batch.position);
    if (clock.now() - markedAt >= MARK_EVERY_MS) await save();
  }
  await save();
}
