import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { KafkaOptions, PostgresOptions, RunningKafka, RunningPostgres } from '@logfold/dev-services';

/** What a process that asked for a service was given, or the error it got. */
export type Answer<S = RunningPostgres> = Omit<S, 'stop'> & { code?: string; message?: string };

/** Another process that uses a service. */
export interface User<S = RunningPostgres> {
  /** Its answer; never settles if it is killed before. */
  answer: Promise<Answer<S>>;
  /** Lets it stop, and waits for its end. */
  stop(): Promise<void>;
  /** kill -9 of it and what it started in its group. */
  kill(): Promise<void>;
}

const built = join(import.meta.dirname, '..', 'dist', 'index.js');

/** Starts a process that asks for a Postgres. */
export function user(options: PostgresOptions, index = built, env: NodeJS.ProcessEnv = {}): User {
  return userOf('startPostgres', options, index, env);
}

/** Starts a process that asks for a Kafka. */
export function kafkaUser(options: KafkaOptions, env: NodeJS.ProcessEnv = {}): User<RunningKafka> {
  return userOf('startKafka', options, built, env);
}

function userOf<S>(start: string, options: object, index: string, env: NodeJS.ProcessEnv): User<S> {
  const script = join(import.meta.dirname, 'user.mjs');
  const child = spawn(process.execPath, [script, index, start, JSON.stringify(options)], {
    detached: true,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const answer = once(createInterface(child.stdout), 'line').then(([line]) => JSON.parse(String(line)) as Answer<S>);
  return {
    answer,
    stop: async () => {
      child.stdin.end();
      await ended;
    },
    kill: async () => {
      process.kill(-child.pid!, 'SIGKILL');
      await ended;
    },
  };
}
