import type { Source } from '@logfold/core';

/** A process that can be stopped between any two calls of its ports: for ever, or for a while. */
export class Process {
  #dead = false;
  readonly #killed = new AbortController();
  #frozen: Promise<void> | undefined;
  #thaw: () => void = () => {};
  #planned: { calls: number; readonly act: () => void } | undefined;

  get dead(): boolean {
    return this.#dead;
  }

  /** SIGKILL: no call ever comes back. */
  kill(): void {
    this.#dead = true;
    this.#killed.abort();
    this.thaw();
  }

  /** SIGSTOP: calls come back when it is thawed. */
  freeze(): void {
    this.#frozen ??= new Promise((resolve) => (this.#thaw = resolve));
  }

  thaw(): void {
    this.#frozen = undefined;
    this.#thaw();
  }

  /** Does something to it, such as a kill, when so many more of its calls have been answered. */
  after(calls: number, act: () => void): void {
    this.#planned = { calls, act };
  }

  async pass(): Promise<void> {
    const planned = this.#planned;
    if (planned && planned.calls-- <= 0) {
      this.#planned = undefined;
      planned.act();
    }
    await this.#frozen;
    if (this.#dead) await new Promise(() => {});
  }

  /** An object as this process has it: it may be stopped before and after each of its calls. */
  ports<T extends object>(object: T): T {
    return new Proxy(object, {
      get: (target, name) => {
        const value = Reflect.get(target, name, target) as unknown;
        if (typeof value !== 'function') return value;
        return (...parameters: unknown[]): unknown => this.#called(() => Reflect.apply(value, target, parameters));
      },
    });
  }

  /** A source as this process reads it. Brokers give the partitions of the dead to others. */
  source(source: Source): Source {
    const read: Source['read'] = (options) =>
      source.read({ ...options, signal: AbortSignal.any([options.signal, this.#killed.signal]) });
    return this.ports({ ...source, read });
  }

  #called(call: () => unknown): unknown {
    const result = call();
    if (isIterable(result)) return this.#iterated(result);
    return result instanceof Promise ? this.#answered(result) : result;
  }

  async #answered(result: Promise<unknown>): Promise<unknown> {
    try {
      const answer = await result;
      await this.pass();
      return answer;
    } catch (error) {
      await this.pass();
      throw error;
    }
  }

  async *#iterated(items: AsyncIterable<unknown>): AsyncGenerator<unknown> {
    await this.pass();
    for await (const item of items) {
      await this.pass();
      yield item;
      await this.pass();
    }
  }
}

function isIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
