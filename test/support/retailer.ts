import { expect } from '@jest/globals';
import { eventually } from '@logfold/testing';
import { kill, type Place, type Script } from './house.js';
import { post, type Answer } from './http.js';

/** The services of the retailer. */
export const SERVICES = ['inventory', 'ordering', 'insight', 'replenishment', 'catalog'] as const;

/** The name of one. */
export type Service = (typeof SERVICES)[number];

/** How long what was asked may take while processes die. */
export const PATIENCE = { timeoutMs: 180_000 };

/** The retailer, each service a process of its own, started by `npm run start:services`. */
export class Retailer {
  readonly #kills = new Map<Service, number>();

  constructor(
    readonly place: Place,
    readonly script: Script,
  ) {}

  /** Where a service listens now: it says so whenever it starts. */
  url(service: Service): string {
    return this.#urls(service).at(-1)!;
  }

  /** Waits until a service is open, again if it was killed. */
  async opened(service: Service): Promise<void> {
    const times = this.kills(service) + 1;
    await eventually(() => expect([service, this.#urls(service).length]).toEqual([service, times]), PATIENCE);
  }

  /** Kills a service that is open, by SIGKILL. It is started again by itself. */
  kill(service: Service): void {
    const running = this.place.processes().find(({ command }) => command.includes(`apps/${service}/dist/main.js`));
    kill(running!.pid, 'SIGKILL');
    this.#kills.set(service, this.kills(service) + 1);
  }

  /** How often a service was killed. */
  kills(service: Service): number {
    return this.#kills.get(service) ?? 0;
  }

  /**
   * Asks a service until it answers, 200 or that it refuses: it may be dead, or have died before it could answer. The
   * key makes it one request.
   */
  ask(service: Service, path: string, body: object, key: string): Promise<Answer> {
    return eventually(async () => {
      const answer = await post(`${this.url(service)}${path}`, body, { 'idempotency-key': key });
      if (![200, 422].includes(answer.status)) throw new Error(`${path}: ${JSON.stringify(answer)}`);
      return answer;
    }, PATIENCE);
  }

  #urls(service: Service): string[] {
    const pattern = new RegExp(`^(?:The )?${service} is open: (http://[^/]+)`, 'i');
    return this.script.lines.flatMap((line) => pattern.exec(line)?.[1] ?? []);
  }
}
