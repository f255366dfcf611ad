import { forkLog } from '@logfold/core';
import type { Command } from 'commander';
import { repairParts, withDatabase, type GlobalOptions, type Surroundings } from './context.js';
import { givenPublisher } from './kafka.js';
import { addLogReadingCommands } from './log-reading-commands.js';
import { printLines, printOne } from './print.js';

/** `logfold log …` */
export function addLogCommands(program: Command, io: Surroundings): void {
  const log = program.command('log').description('the log of a service');

  log
    .command('info')
    .description('which log this is, and where it ends')
    .action(async (_own: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      await withDatabase(options, io.env, async (database, identity) => {
        const mark = await database.relayMarks.load();
        printOne(io, { ...identity, end: await database.events.end(), sentUpTo: mark.position }, options);
      });
    });

  addLogReadingCommands(log, io);

  log
    .command('fork')
    .description(
      'makes a log usable again that was restored from an older state than its topics: what was appended since goes ' +
        'behind all that the topics hold. Stop the service first. Needs --brokers',
    )
    .action(async (_own: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      await withDatabase(options, io.env, async (database, before) => {
        const forked = await forkLog(await repairParts(database, givenPublisher(options, io.env)));
        const { phantoms, identity, shared, behind } = forked;
        if (options.json) return printOne(io, { ...forked, forked: identity.epoch > before.epoch }, options);
        if (phantoms.length === 0) return io.out('The log holds all that its topics hold: there is nothing to fork.\n');
        io.out(`Events that consumers have seen and the log does not hold:\n`);
        printLines(
          io,
          phantoms.map((phantom) => ({ ...phantom })),
          { none: '' },
        );
        io.out(
          `The log is in epoch ${identity.epoch} now. What came behind position ${shared} goes on behind ${behind}. Start the service.\n`,
        );
      });
    });
}
