import { spawn } from 'node:child_process';
import { localKafka, localPostgres } from './servers.mjs';
import { isStopping, onStop, root, run } from './setup.mjs';

const RESTART_MS = 1_000;
const IMPATIENT_MS = 1_000;

/**
 * Builds the apps, and runs some with a Postgres under them, and a Kafka if they want one, unless the environment names
 * others. When one of them ends, the others are ended too, and the script ends with its exit code.
 * @param apps `{ entry, args, env }`; with a `name`, it is started again when a signal ends it.
 * @param options.kafka whether they meet at a Kafka
 * @param options.onOpen told the addresses of all, in their order, when the last of them has opened
 */
export async function runApps(apps, { kafka = false, onOpen } = {}) {
  run('node_modules/typescript/bin/tsc', '-b', 'apps/retail', 'libs/dev-services');
  const starts = [];
  const children = new Map();
  const opened = new Map();
  let askedAt;
  let code;
  let ending = false;
  onStop((signal) => {
    if (askedAt === undefined) {
      askedAt = performance.now();
      endAll(signal);
    } else if (performance.now() - askedAt > IMPATIENT_MS) {
      endAll('SIGKILL'); // pressed again by someone who has waited; npm itself repeats the first at once
    }
  });

  const env = { ...process.env };
  try {
    if (!env.DATABASE_URL) env.DATABASE_URL = (await server(localPostgres())).url;
    if (kafka && !env.KAFKA_BROKERS && !isStopping())
      env.KAFKA_BROKERS = (await server(localKafka())).brokers.join(',');
  } catch (error) {
    if (!isStopping()) console.error(error.message); // else Ctrl-C reached what was preparing it too
    code = isStopping() ? 0 : 1;
  }
  if (isStopping() || code !== undefined) return end();
  for (const app of apps) start(app);

  function start(app) {
    const flags = ['--enable-source-maps', '--import', './scripts/end-with-parent.mjs'];
    const observed = env.OTEL_EXPORTER_OTLP_ENDPOINT; // else the SDK is not even loaded
    if (observed) flags.push('--import', './apps/hosting/dist/telemetry.js');
    const OTEL_SERVICE_NAME = env.OTEL_SERVICE_NAME ?? app.name ?? 'retail';
    const child = spawn(process.execPath, [...flags, app.entry, ...(app.args ?? [])], {
      cwd: root,
      env: { ...env, ...(observed ? { OTEL_SERVICE_NAME } : {}), ...app.env },
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
      detached: true, // its own group: a terminal's Ctrl-C reaches it once, from here
    });
    children.set(app, child);
    child.on('message', ({ open }) => {
      if (open === undefined) return;
      const first = opened.size < apps.length;
      opened.set(app, open);
      if (first && opened.size === apps.length) onOpen?.(apps.map((each) => opened.get(each)));
    });
    child.once('exit', (exitCode, signal) => exited(app, exitCode, signal));
  }

  function exited(app, exitCode, signal) {
    children.delete(app);
    if (signal && !isStopping()) {
      console.error(`${app.name ?? 'The application'} was ended from outside, by ${signal}`);
      if (app.name && code === undefined) {
        setTimeout(() => (isStopping() || code !== undefined ? ended() : start(app)), RESTART_MS);
        return;
      }
    }
    code ??= exitCode ?? (isStopping() ? 0 : 1);
    ended();
  }

  function ended() {
    if (children.size > 0) endAll('SIGTERM');
    else void end();
  }

  function endAll(signal) {
    for (const child of children.values()) child.kill(signal);
  }

  async function server(starting) {
    starts.push(starting);
    return starting;
  }

  async function end() {
    if (ending) return;
    ending = true;
    const started = await Promise.allSettled(starts.reverse());
    for (const { value } of started) await value?.stop();
    process.exit(code ?? 0);
  }
}
