import type { Publisher, PublisherSession } from '@logfold/core';
import type { SampleLog } from './sample-log.js';

/** Begins a session for a sample log. */
export function begin(
  publisher: Publisher,
  { identity, topic }: SampleLog,
  mayBegin: () => boolean | Promise<boolean> = () => true,
): Promise<PublisherSession> {
  const { signal } = new AbortController();
  return publisher.begin({ log: identity, topics: [topic], mayBegin: async () => mayBegin(), signal });
}

/** What a run of transactions did. */
export interface Sent {
  /** Everything up to here was acknowledged as committed. */
  readonly upTo: bigint;
  readonly transactions: number;
  readonly sessions: number;
  /** The longest time between two acknowledged transactions. */
  readonly longestPauseMs: number;
}

/** How a run of transactions is made, and who is told of it. */
export interface SendingOptions {
  /** Records in a transaction. */
  readonly batch?: number;
  readonly onError?: (error: unknown) => void;
  /** Told the number of transactions so far after each of them. */
  readonly onSent?: (transactions: number) => void;
}

/**
 * Sends transactions back to back while `going` says so: a relay without a database. After any error a new session
 * goes on from what the partitions hold.
 */
export async function sendBackToBack(
  publisher: Publisher,
  log: SampleLog,
  going: () => boolean,
  { batch = 50, onError, onSent }: SendingOptions = {},
): Promise<Sent> {
  let [upTo, transactions, sessions, longestPauseMs] = [0n, 0, 0, 0];
  let before = performance.now();
  while (going()) {
    let session: PublisherSession | undefined;
    try {
      session = await begin(publisher, log);
      sessions++;
      const tails = session.partitions;
      let position = log.start(tails);
      while (going()) {
        const records = log.records(tails, position, batch);
        const count = await session.publish(records);
        position = records[count - 1]!.event.position;
        if (position > upTo) upTo = position;
        transactions++;
        onSent?.(transactions);
        longestPauseMs = Math.max(longestPauseMs, performance.now() - before);
        before = performance.now();
      }
    } catch (error) {
      onError?.(error);
    } finally {
      await session?.close();
    }
  }
  return { upTo, transactions, sessions, longestPauseMs };
}

/** Says yes for so many milliseconds. */
export function forMs(ms: number): () => boolean {
  const end = performance.now() + ms;
  return () => performance.now() < end;
}
