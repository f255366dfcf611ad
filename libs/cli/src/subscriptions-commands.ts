import type { Command } from 'commander';
import { withDatabase, type GlobalOptions, type Surroundings } from './context.js';
import { givenKafka } from './kafka.js';
import { lags } from './lag.js';
import { printLines } from './print.js';

/** `logfold subscriptions …` */
export function addSubscriptionsCommands(program: Command, io: Surroundings): void {
  const subscriptions = program.command('subscriptions').description('what reads this log, and the topics of others');

  subscriptions
    .command('list')
    .description('how far each subscription got')
    .action(async (_own: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      await withDatabase(options, io.env, async (database) => {
        const checkpoints = await database.checkpoints.list();
        const lines = checkpoints.map(({ subscription, source, partition, position, hint }) => ({
          subscription,
          source,
          partition,
          position,
          hint,
        }));
        printLines(io, lines, { ...options, none: 'No subscription has run yet.' });
      });
    });

  subscriptions
    .command('lag')
    .description(
      'how far each subscription is behind: in positions, and in seconds since the first event that is not handled. ' +
        'Of topics of other services with --brokers, in positions alone',
    )
    .action(async (_own: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      await withDatabase(options, io.env, async (database, log) => {
        const found = await lags(database, log, givenKafka(options, io.env));
        printLines(
          io,
          found.map((one) => ({ ...one })),
          { ...options, none: 'No subscription has run yet.' },
        );
      });
    });
}
