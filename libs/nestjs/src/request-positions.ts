import { mergedTokens, parseTokens, tokenText, type PositionToken, type Waited, type WaitOptions } from '@logfold/core';
import { PositionNotShown } from './errors.js';

/** The header of an answer that names what the commands of the request did. */
export const POSITION_HEADER = 'logfold-position';

/** The header of a request that names what its reads have to show: the other one, given back. */
export const WAIT_FOR_HEADER = 'logfold-wait-for';

/** The header of an answer that says how each read model was waited for, such as `stock_levels=reached`. */
export const WAITED_HEADER = 'logfold-waited';

/** How reads of a read model wait for what the request names, and what is answered when they have waited in vain. */
export interface ReadYourWritesOptions {
  /** 2,000 ms unless given; 0 looks once. */
  readonly timeoutMs?: number;
  /**
   * `conflict`, unless given: 409; `accepted`: 202, both with Retry-After and problem details; `stale`: the rows as they
   * are. The header `Logfold-Waited` says in each case which model it was.
   */
  readonly onTimeout?: 'conflict' | 'accepted' | 'stale';
}

const TIMEOUT_MS = 2_000;

/** What a request has written, and what it waits for before it reads. */
export class RequestPositions {
  /** Those of the handler, or of its controller. */
  options: ReadYourWritesOptions = {};
  readonly #waited = new Map<string, Promise<Waited>>();
  readonly #endings = new Map<string, Waited>();
  #written: readonly PositionToken[] = [];

  /**
   * @param wanted what the request's header `Logfold-Wait-For` holds
   * @param tell sets a header of the answer, as long as there is time
   */
  constructor(
    readonly wanted: string | undefined,
    readonly tell: (header: string, value: string) => void,
  ) {}

  /** @throws ValidationFailed for a header that names no positions. */
  check(): void {
    if (this.wanted !== undefined) parseTokens(this.wanted);
  }

  /** Notes what a command did: of each key of a log the last position goes into the answer. */
  wrote(token: string | undefined): void {
    if (token === undefined) return;
    this.#written = mergedTokens(this.#written, parseTokens(token));
    this.tell(POSITION_HEADER, tokenText(this.#written));
  }

  /**
   * Waits, once for each read model, until it shows what the request names; undefined where it names nothing.
   * @throws PositionNotShown, and what `wait` throws
   */
  async shownBy(
    { service, name }: { readonly service: string; readonly name: string },
    wait: (token: string, options: WaitOptions) => Promise<Waited>,
    ofService: ReadYourWritesOptions = {},
  ): Promise<Waited | undefined> {
    if (this.wanted === undefined) return undefined;
    const { timeoutMs = TIMEOUT_MS, onTimeout = 'conflict' } = { ...ofService, ...this.options };
    const waiting = this.#waited.get(`${service} ${name}`) ?? wait(this.wanted, { timeoutMs });
    this.#waited.set(`${service} ${name}`, waiting);
    const waited = await waiting;
    this.#endings.set(name, waited);
    this.tell(WAITED_HEADER, [...this.#endings].map(([model, ending]) => `${model}=${ending}`).join(', '));
    if (waited === 'reached' || waited === 'not-read' || onTimeout === 'stale') return waited;
    throw new PositionNotShown(name, waited, onTimeout === 'accepted' ? 202 : 409);
  }
}
