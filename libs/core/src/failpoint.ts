/** What an armed crash point does when the code passes it; it may throw, wait, or end the process. */
export type FailpointAction = (name: string) => void | Promise<void>;

let action: FailpointAction | undefined;

/** Arms every crash point with one action; undefined disarms them. For tests only: see `@logfold/testing/failpoints`. */
export function armFailpoints(next: FailpointAction | undefined): void {
  action = next;
}

/**
 * A named place at which a test can kill, freeze or fail the process. Costs one comparison when nothing is armed.
 * The names are listed in docs/guarantees.md.
 */
export function failpoint(name: string): void | Promise<void> {
  if (action !== undefined) return action(name);
}
