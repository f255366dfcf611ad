import { backoffMs } from './backoff.js';
import { systemClock } from './clock.js';
import { isRetryable } from './errors.js';
import { ReadModelMismatch, RebuildBehind, RebuildImpossible, RebuildOvertaken } from './read-model-errors.js';
import { failpoint } from './failpoint.js';
import { build } from './rebuild-building.js';
import { isAtRest, type Rebuild, type RebuildAction, type RebuildState } from './rebuild.js';
import { isFed, type RebuildParts } from './rebuild-replay.js';
import { STEPS_FROM, type RebuildStep } from './rebuild-tables.js';
import { verify } from './rebuild-verification.js';
import type { RebuildWatch } from './rebuild-watch.js';
import type { RunnerOptions } from './runner.js';
import { readsState } from './state.js';
import { untroubled } from './untroubled.js';
import type { Beside } from './subscription.js';

/** Tries of what failed for a reason that may pass; then the rebuild fails. */
const TRIES = 5;

const RETRY = { firstMs: 200, maxMs: 5_000 };

/** A rebuild in one of these states has a new table, or will have one without being asked. */
const VERIFIABLE: readonly RebuildState[] = ['requested', 'building', 'attached', 'verified', 'refused'];

/** Which step an action asks for. */
const STEP_OF: Readonly<Record<Exclude<RebuildAction, 'verify'>, RebuildStep>> = {
  switch: 'switch',
  rollback: 'roll back',
  drop: 'drop',
};

/**
 * Takes the rebuilds of one version of a read model from state to state, as long as its process has the read model's lease.
 * Whatever fails, the live table is fed on.
 */
export class RebuildRunner<Tx> {
  /** The rebuild as this process has claimed it. */
  #mine: Rebuild | undefined;
  #failures = 0;

  constructor(
    readonly parts: RebuildParts<Tx>,
    readonly watch: RebuildWatch,
    readonly options: RunnerOptions = {},
    /** Told of each step: begun, following the checkpoint, verified, switched, and so on. */
    readonly onRebuild?: (rebuild: Rebuild) => void,
  ) {}

  /** Waits until there is a table that follows the checkpoint, building it if need be. */
  async begin(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !(await isFed(this.parts.database, this.parts.model)))
      await this.#tend({ signal, still: (work) => work() });
  }

  /** Does what is requested, for as long as the signal allows. */
  async go(beside: Beside): Promise<void> {
    while (!beside.signal.aborted) await this.#tend(beside);
  }

  /** One look, and the steps that can be taken, one after the other. */
  async #tend(beside: Beside): Promise<void> {
    let rebuild = await this.watch.next(this.parts.model, beside.signal);
    while (rebuild && !beside.signal.aborted) {
      const claimed = await this.#claimed(rebuild);
      if (!claimed) return;
      try {
        await this.#advance(claimed, beside);
      } catch (error) {
        this.#mine = undefined;
        if (!beside.signal.aborted) await this.#failed(claimed, error, beside);
        return;
      }
      this.#failures = 0;
      if (!beside.signal.aborted) await this.#tell(claimed.id);
      rebuild = await this.watch.now(this.parts.model);
    }
  }

  /** The rebuild if there is something to do; claimed, so that nobody else does it too. */
  async #claimed(rebuild: Rebuild): Promise<Rebuild | undefined> {
    if (isAtRest(rebuild)) return undefined;
    if (this.#mine?.id === rebuild.id && this.#mine.epoch === rebuild.epoch)
      return { ...rebuild, epoch: this.#mine.epoch };
    this.#mine = await this.parts.database.rebuilds.claim(rebuild.id);
    return this.#mine && !isAtRest(this.#mine) ? this.#mine : undefined; // somebody else may have been faster
  }

  async #advance(rebuild: Rebuild, { still, signal }: Beside): Promise<void> {
    const { rebuilds } = this.parts.database;
    const { state, asked } = rebuild;
    if (asked === 'drop' || asked === 'rollback' || (asked === 'switch' && state !== 'refused'))
      return this.#act(rebuild, asked, still);
    if (asked === 'verify' && !VERIFIABLE.includes(state)) return this.#refuse(rebuild, asked, VERIFIABLE);
    if (state === 'requested' || state === 'building') {
      if (readsState(this.parts.model)) throw new RebuildImpossible(rebuild.name);
      await rebuilds.update(rebuild, { state: 'building', error: null });
      await this.#tell(rebuild.id);
      await build(this.parts, rebuild, { still, signal });
    } else if (state === 'attached' || asked !== undefined) {
      const report = await verify(this.parts, rebuild, { still, signal });
      if (signal.aborted) return;
      await failpoint('rebuild.mid-verify');
      const verified = report.refused === undefined;
      // `switch` of a refused one that is right now, or whose differences are accepted, is done at the next look
      const answered = asked === 'verify' || (asked === 'switch' && !verified);
      const outcome = verified ? ('verified' as const) : ('refused' as const);
      await rebuilds.update(rebuild, { state: outcome, report, error: null, ...(answered ? { answered: true } : {}) });
    } else await this.#act(rebuild, 'switch', still);
  }

  /** A step between two batches. One that is not possible now is answered with the reason. */
  async #act(rebuild: Rebuild, action: Exclude<RebuildAction, 'verify'>, still: Beside['still']): Promise<void> {
    const { database, model } = this.parts;
    const step = STEP_OF[action];
    const from = STEPS_FROM[step];
    if (!from.includes(rebuild.state)) return this.#refuse(rebuild, action, from);
    await still(() => database.rebuildTables.step(rebuild, model, step));
    await failpoint('rebuild.after-switch');
  }

  #refuse(rebuild: Rebuild, action: RebuildAction, from: readonly RebuildState[]): Promise<void> {
    const error = `"${action}" is not possible while it is ${rebuild.state}, only while it is ${from.join(' or ')}`;
    return this.parts.database.rebuilds.update(rebuild, { error, answered: true });
  }

  /** Notes why it failed, unless another process has taken the rebuild on since: it would lose all that it has done. */
  async #failed(mine: Rebuild, error: unknown, { still, signal }: Beside): Promise<void> {
    const { clock = systemClock, onError } = this.options;
    if (error instanceof RebuildOvertaken) return;
    const { database, model } = this.parts;
    const bug = !isRetryable(error);
    const passing = !bug || mine.state === 'attached'; // what is built is not thrown away for one error of its verification
    const final = ++this.#failures >= TRIES || !passing;
    const failed = final && !(error instanceof RebuildBehind);
    untroubled(() => onError?.(error, `rebuild of ${model.name} v${model.version}`, failed));
    const text = (error instanceof Error ? error.message : String(error)).slice(0, 2_000);
    try {
      const now = await this.watch.now(model);
      if (now?.id !== mine.id || now.epoch !== mine.epoch) return;
      const over = final && (['requested', 'building'].includes(now.state) || (now.state === 'attached' && bug));
      if (over) await still(() => database.rebuildTables.step(mine, model, 'drop'));
      const state = over ? { state: 'failed' as const } : {};
      // A switch that the tables do not allow is not tried for ever; one that may succeed is.
      const resting =
        now.state === 'verified' && error instanceof ReadModelMismatch ? { switchWhenVerified: false as const } : {};
      await database.rebuilds.update(mine, { ...state, ...resting, error: text, ...(final ? { answered: true } : {}) });
      if (final) await this.#tell(mine.id);
    } catch (again) {
      if (!isRetryable(again)) throw again; // else it is tried at the next look
    }
    if (final) this.#failures = 0;
    await clock.sleep(backoffMs(RETRY, this.#failures), signal);
  }

  async #tell(id: string): Promise<void> {
    if (!this.onRebuild) return;
    const [rebuild] = await this.parts.database.rebuilds.list([id]);
    if (rebuild) untroubled(() => this.onRebuild?.(rebuild));
  }
}
