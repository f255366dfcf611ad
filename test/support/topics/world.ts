import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect } from '@jest/globals';
import postgres from 'postgres';
import { postgresDatabase, type PostgresDatabase } from '@logfold/postgres';
import { checkHistory, eventually } from '@logfold/testing';
import { startChild, type Child } from '../child.js';
import { testDatabase } from '../database.js';
import { counted, dumpOf, type Counts, type Places } from './dump.js';

/** Dead processes' loops are free after so long. */
export const LEASE_MS = 1_000;
/** The shortest session that a broker grants a member of a group: the dead keep their partitions for so long. */
const SESSION_MS = 6_000;
/** Events after which a world counts as having gone on. */
export const SOME = 60;
export const PATIENCE = { timeoutMs: 180_000 };

type Env = Readonly<Record<string, string>>;
type Options = Readonly<Record<string, unknown>>;

/** Two services of a test's own on the run's Postgres and Kafka: a mill that publishes, an echo that hears it. */
export interface World extends Places {
  readonly url: string;
  /** Starts a process of the mill: it appends until it is told to be quiet, and relays. */
  startMill(env?: Env, options?: Options): Child;
  startEcho(env?: Env, options?: Options): Child;
  /** From now on the echo can handle what was poison before. */
  cure(): void;
  /** The echo's database, for what a person does. */
  readonly people: PostgresDatabase;
  counts(): Promise<Counts>;
  /** Waits until so many more events were published. */
  grown(by: number): Promise<void>;
  /** Tells processes of the mill to append no more, and waits until they have said that they do. */
  quiet(...mills: readonly Child[]): Promise<void>;
  /** Ends a process in good order. */
  stop(child: Child): Promise<void>;
  /** Waits until the echo has handled everything that there is, but for what is parked. */
  inStep(options?: { readonly skipped?: number }): Promise<void>;
  /** Waits until the echo has handled more. */
  heardMore(): Promise<void>;
  /** The mill appends a little more, then no more; the echo gets in step; everything is right. */
  settled(mill: Child): Promise<void>;
  /**
   * Everything is compared with everything: the log, the topics, the read model, the events of the reaction.
   * @param options.skipped events that a person gave up
   * @param options.topics false where the topics are not the log, because the test has seen to that
   */
  check(options?: { readonly skipped?: readonly string[]; readonly topics?: boolean }): Promise<void>;
}

/** Gives `work` a world, and ends all its processes. A failure says what they have printed. */
export async function withWorld(brokers: readonly string[], work: (world: World) => Promise<void>): Promise<void> {
  const { url, drop } = await testDatabase();
  const id = randomBytes(4).toString('hex');
  const [mill, echo] = [`mill_${id}`, `echo_${id}`];
  const directory = mkdtempSync(join(tmpdir(), 'logfold-topics-'));
  const sql = postgres(url, { max: 2, onnotice: () => {} });
  const people = postgresDatabase({ service: echo, schema: echo, url });
  const children: { readonly name: string; readonly child: Child }[] = [];
  const start = (script: string, env: Env = {}, more: Options = {}): Child => {
    const kafka = { groupPrefix: echo, group: { sessionMs: SESSION_MS } };
    const options = { url, mill, echo, brokers, leaseTtlMs: LEASE_MS, cure: join(directory, 'cure'), kafka, ...more };
    const child = startChild(`test/support/topics/${script}.mjs`, [JSON.stringify(options)], env);
    children.push({ name: `${script} ${children.length}`, child });
    return child;
  };
  const places: Places = { sql, brokers, mill, echo };
  const counts = (): Promise<Counts> => counted(places);
  const grown: World['grown'] = async (by) => {
    const { published } = await counts();
    await eventually(async () => expect((await counts()).published).toBeGreaterThan(published + by), PATIENCE);
  };
  const quiet: World['quiet'] = async (...mills) => {
    for (const child of mills) child.process.kill('SIGUSR2');
    await eventually(() => {
      for (const { lines } of mills) expect(lines).toContain('quiet');
    }, PATIENCE);
  };
  const inStep: World['inStep'] = ({ skipped = 0 } = {}) =>
    eventually(async () => {
      const { published, tallied, heard, parked } = await counts();
      expect({ tallied, heard: heard + parked + skipped }).toEqual({ tallied: published, heard: published });
    }, PATIENCE);
  const check: World['check'] = async ({ topics = true, skipped = [] } = {}) => {
    const anomalies = checkHistory([], await dumpOf(places, { skipped, withTopics: topics }));
    expect(anomalies.map(({ text }) => text).slice(0, 20)).toEqual([]);
  };
  try {
    await work({
      ...places,
      url,
      people,
      counts,
      startMill: (env, options) => start('mill', env, options),
      startEcho: (env, options) => start('echo', env, options),
      cure: () => writeFileSync(join(directory, 'cure'), ''),
      grown,
      quiet,
      async stop(child) {
        await eventually(() => expect(child.lines).toContain('started'), PATIENCE); // it listens to signals then
        child.process.kill('SIGTERM');
        await eventually(() => expect(child.process.exitCode).toBe(0), PATIENCE);
      },
      inStep,
      check,
      async heardMore() {
        const { heard } = await counts();
        await eventually(async () => expect((await counts()).heard).toBeGreaterThan(heard + SOME), PATIENCE);
      },
      async settled(child) {
        await grown(SOME);
        await quiet(child);
        await inStep();
        await check();
      },
    });
    const warnings = children.flatMap(({ child }) =>
      child.lines.filter((line) => line.includes('TimeoutNegativeWarning')),
    );
    expect(warnings).toEqual([]);
  } catch (error) {
    for (const { name, child } of children) if (name.startsWith('echo')) child.process.kill('SIGUSR2');
    await setTimeout(500);
    const said = children.map(({ name, child }) => `${name}:\n  ${child.lines.slice(-15).join('\n  ')}`).join('\n');
    throw new Error(`${(error as Error).message}\n\nThe processes have said:\n${said}`, { cause: error });
  } finally {
    await Promise.all(children.map(({ child }) => child.end()));
    await Promise.all([sql.end({ timeout: 1 }), people.close()]);
    await drop();
    rmSync(directory, { recursive: true, force: true });
  }
}
