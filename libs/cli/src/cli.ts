import { BrokerUnavailable, BrokerUnsuitable, LogfoldError } from '@logfold/core';
import { Command, CommanderError } from 'commander';
import type { Surroundings } from './context.js';
import { howSpoken, kafkaHelp } from './kafka.js';
import { addLogCommands } from './log-commands.js';
import { addParkedCommands } from './parked-commands.js';
import { addProcessesCommands } from './processes-commands.js';
import { addReadModelsCommands } from './read-models-commands.js';
import { addSubscriptionsCommands } from './subscriptions-commands.js';
import { addTopicsCommands } from './topics-commands.js';

/** The exit codes: done; the command failed; the command line, or the environment beside it, is wrong. */
const EXIT = { done: 0, failed: 1, usage: 2 } as const;
const USAGE_CODES = ['invalid-command-line', 'invalid-variable'];

/**
 * Runs one command.
 * @param words what stands behind `logfold` on the command line
 * @returns the exit code: 0 done, 1 failed (the reason is one sentence on `err`), 2 the command line or the environment is wrong
 */
export async function runCli(words: readonly string[], io: Surroundings): Promise<number> {
  try {
    await program(io).parseAsync(words, { from: 'user' });
    return EXIT.done;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage; // it has said why
    io.err(`${explain(error, io.env)}\n`);
    return error instanceof LogfoldError && USAGE_CODES.includes(error.code) ? EXIT.usage : EXIT.failed;
  }
}

function program(io: Surroundings): Command {
  const logfold = new Command('logfold')
    .description(
      'What operators ask of a Logfold service. It reads state and puts requests; the service does the work.',
    )
    .option('--database-url <url>', 'the Postgres of the service; DATABASE_URL unless given')
    .option('--schema <name>', 'the schema of the service', io.env['LOGFOLD_SCHEMA'] ?? 'logfold')
    .option('--brokers <list>', 'the Kafka brokers, host:port with commas; KAFKA_BROKERS unless given')
    .option('--json', 'one JSON value instead of text')
    .addHelpText('after', kafkaHelp)
    .configureOutput({ writeOut: io.out, writeErr: io.err })
    .showHelpAfterError()
    .exitOverride();
  addLogCommands(logfold, io);
  addTopicsCommands(logfold, io);
  addSubscriptionsCommands(logfold, io);
  addParkedCommands(logfold, io);
  addProcessesCommands(logfold, io);
  addReadModelsCommands(logfold, io);
  return logfold;
}

/** One sentence or two for what an operator can mend, the stack for a bug. */
function explain(error: unknown, env: Surroundings['env']): string {
  if (error instanceof BrokerUnavailable || error instanceof BrokerUnsuitable)
    return `${error.message}. ${howSpoken(env)}`;
  if (error instanceof LogfoldError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
