import { EventEmitter } from 'node:events';
import { randomUUID } from 'node:crypto';
import { systemClock, type WakeUp } from '@logfold/core';
import { openClient, type Client, type ConnectionOptions, type Pool } from './connection.js';

/** Others are told at most once in this time. A NOTIFY in every commit would halve the throughput (measured: 0.45). */
const NOTIFY_EVERY_MS = 10;

/** Wakes readers of this process in memory and those of others by NOTIFY, never inside a transaction that appends. */
export class PostgresWakeUp implements WakeUp {
  readonly #self = randomUUID();
  readonly #emitter = new EventEmitter().setMaxListeners(0);
  readonly #seen = new WeakMap<object, number>();
  #count = 0;
  #timer: NodeJS.Timeout | undefined;
  #listener: Client | undefined;
  #closed = false;

  /** @param channel the channel of this log; @param listening the connection that listens, made with the first reader. */
  constructor(
    readonly pool: Pool,
    readonly listening: ConnectionOptions,
    readonly channel: string,
  ) {}

  wake(): void {
    this.#wakeOwn();
    if (this.#timer || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.pool.sql.unsafe('SELECT pg_notify($1, $2)', [this.channel, this.#self]).catch(() => {}); // a hint: readers poll too
    }, NOTIFY_EVERY_MS);
  }

  async wait(waiter: object, ms: number, signal: AbortSignal): Promise<void> {
    this.#listen();
    if ((this.#seen.get(waiter) ?? 0) === this.#count) {
      const ended = new AbortController();
      const wake = (): void => ended.abort();
      this.#emitter.once('wake', wake);
      await systemClock.sleep(ms, AbortSignal.any([signal, ended.signal]));
      this.#emitter.off('wake', wake);
    }
    this.#seen.set(waiter, this.#count);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#wakeOwn();
    await this.#listener?.end(1);
  }

  #wakeOwn(): void {
    this.#count++;
    this.#emitter.emit('wake');
  }

  /** Starts to listen. postgres.js listens anew by itself after a lost connection, and tells: readers look then. */
  #listen(): void {
    if (this.#listener || this.#closed) return;
    this.#listener = openClient(this.listening);
    const heard = (from: string): void => {
      if (from !== this.#self) this.#wakeOwn();
    };
    this.#listener.sql.listen(this.channel, heard, () => this.#wakeOwn()).catch(() => {}); // it goes on trying by itself
  }
}
