import type { Command } from './commands.js';
import { AppendQueueFull, type ExpectedVersion } from './errors.js';
import type { AppendedCommand } from './event-store.js';
import type { Metadata } from './events.js';

/** A command that waits for its decision. */
export interface WaitingCommand<C extends Command = Command, Answer = unknown> {
  readonly command: C;
  readonly expected: Exclude<ExpectedVersion, 'any'> | undefined;
  readonly metadata: Partial<Metadata> | undefined;
  /** What is written down of it; undefined without an idempotency key. */
  readonly handled: AppendedCommand['handled'];
  /** Whoever waits for the answer: the first caller, then those who sent the same key again. Nobody once it is given. */
  readonly callers: Caller<Answer>[];
}

/** Somebody who waits for an answer. */
export interface Caller<Answer> {
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/** Why a command was not decided. */
export interface Failure {
  readonly error: unknown;
}

/** The limits of mailboxes. */
export interface MailboxLimits {
  /** Commands that may wait for one stream; one more is refused. */
  readonly stream: number;
  /** Commands that may wait for all streams together. */
  readonly all: number;
  /** Commands of one batch. */
  readonly batch: number;
}

/** Those of a decider's mailboxes. */
export const MAILBOX_LIMITS: MailboxLimits = { stream: 1_000, all: 10_000, batch: 100 };

interface Box<Item> {
  waiting: Item[];
  serving: readonly Item[];
}

/**
 * The mailboxes of streams. A command for a stream that nobody works on is served at once; those that come meanwhile
 * wait, in order, and are the next batch together. Other streams are served meanwhile.
 */
export class Mailboxes<Item extends WaitingCommand<any, any>> {
  readonly #boxes = new Map<string, Box<Item>>();
  #waiting = 0;

  /**
   * @param serve answers the commands of a batch, each and always; never rejects. What it resolves to, if anything, is why
   *   a command of a loop failed.
   */
  constructor(
    readonly limits: MailboxLimits,
    readonly serve: (stream: string, batch: readonly Item[]) => Promise<Failure | undefined>,
  ) {}

  /** @throws AppendQueueFull, retryable, when too many wait already. */
  add(item: Item): void {
    const { stream } = item.command;
    const box = this.#boxes.get(stream);
    const twin = box && twinOf(item, [...box.serving, ...box.waiting]);
    if (twin) {
      twin.callers.push(...(item.callers as Caller<unknown>[]));
      return;
    }
    if ((box?.waiting.length ?? 0) >= this.limits.stream) throw new AppendQueueFull(this.limits.stream);
    if (this.#waiting >= this.limits.all) throw new AppendQueueFull(this.limits.all);
    this.#waiting++;
    if (box) box.waiting.push(item);
    else void this.#work(stream, item);
  }

  async #work(stream: string, first: Item): Promise<void> {
    const box: Box<Item> = { waiting: [first], serving: [] };
    this.#boxes.set(stream, box);
    await undefined; // whatever was sent together is one batch
    while (box.waiting.length > 0) {
      box.serving = this.#take(box);
      const failure = await this.serve(stream, box.serving);
      this.#waiting -= box.serving.length;
      if (!failure) continue;
      const left = refuseOfLoops(box.waiting, failure);
      this.#waiting -= box.waiting.length - left.length;
      box.waiting = left;
    }
    this.#boxes.delete(stream);
  }

  /** The next batch, a key once: who comes second under it gets what is written down of the first. */
  #take(box: Box<Item>): Item[] {
    const batch: Item[] = [];
    const left: Item[] = [];
    const keys = new Set<string>();
    for (const item of box.waiting) {
      const key = item.handled?.key;
      if (batch.length < this.limits.batch && (key === undefined || !keys.has(key))) batch.push(item);
      else left.push(item);
      if (key !== undefined) keys.add(key);
    }
    box.waiting = left;
    return batch;
  }
}

/** True for a command of a loop, which sends it again until it is decided, and those behind it in their order. */
export function isOfLoop({ handled }: Pick<WaitingCommand, 'handled'>): boolean {
  return handled?.sent !== undefined;
}

/**
 * Refuses those of loops that wait behind one that failed: its loop sends that again first.
 * @returns the others
 */
export function refuseOfLoops<Item extends WaitingCommand<any, any>>(
  waiting: readonly Item[],
  { error }: Failure,
): Item[] {
  for (const { callers } of waiting.filter(isOfLoop)) for (const { reject } of callers.splice(0)) reject(error);
  return waiting.filter((item) => !isOfLoop(item));
}

/** The same command under the same key: its answer is the answer to both. */
function twinOf<Item extends WaitingCommand<any, any>>(item: Item, among: readonly Item[]): Item | undefined {
  const { handled, expected } = item;
  if (handled === undefined) return undefined;
  return among.find(
    (other) =>
      other.callers.length > 0 &&
      other.handled?.key === handled.key &&
      other.handled.payloadHash === handled.payloadHash &&
      other.expected === expected,
  );
}
