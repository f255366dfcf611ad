import type { CheckpointKey, ParkedKey, ParkedRequest } from '@logfold/core';
import type { PostgresDatabase } from '@logfold/postgres';
import type { Command } from 'commander';
import { InvalidCommandLine, withDatabase, type GlobalOptions, type Surroundings } from './context.js';
import { lineOf } from './log-reading-commands.js';
import { printLines, printOne } from './print.js';

/** Which parked key. */
interface PlaceOptions extends GlobalOptions {
  readonly subscription?: string;
  readonly source?: string;
}

/** Which one, and why something is done with it. */
interface RequestOptions extends PlaceOptions {
  readonly who: string;
  readonly why: string;
}

/** `logfold parked …` */
export function addParkedCommands(program: Command, io: Surroundings): void {
  const parked = program.command('parked').description('keys that wait behind an event which could not be handled');

  parked
    .command('list')
    .description('what is parked, the longest first')
    .action(async (_own: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      await withDatabase(options, io.env, async (database) => {
        const keys = await database.parked.list();
        printLines(
          io,
          keys.map((key) => ({ ...key })),
          { ...options, none: 'Nothing is parked.' },
        );
      });
    });

  parked
    .command('history')
    .description('what was asked of parked keys, by whom and why, and what came of it')
    .action(async (_own: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      await withDatabase(options, io.env, async (database) => {
        const requests = await database.parked.history();
        printLines(
          io,
          requests.map((request) => ({ ...request })),
          { ...options, none: 'Nothing was asked.' },
        );
      });
    });

  parked
    .command('show <key>')
    .description('the parked events of a key, in order, 100 at most, and why the first one could not be handled')
    .option('--subscription <name>', 'where the key is parked in several')
    .option('--source <name>', 'the log or topic, where the key is parked from several')
    .option('--data', 'with data and metadata')
    .action(async (key: string, _own: object, command: Command) => {
      const options = command.optsWithGlobals<PlaceOptions & { readonly data?: true }>();
      await withDatabase(options, io.env, async (database) => {
        const place = await placeOf(database, key, options);
        const { subscription, source, partition, since, error } = place;
        const events = (await database.parked.show(place, key)).map(({ event }) => lineOf(event, options));
        if (options.json) return printOne(io, { ...place, parked: events }, options);
        printOne(io, { subscription, source, partition, since, error }, options);
        printLines(io, events, { none: 'Nothing is parked any more.' });
      });
    });

  const actions = [
    ['redrive', 'handles all that is parked of a key, in order, with the code that runs now'],
    ['skip', 'gives up exactly one event of a key, the first; the rest stays parked'],
  ] as const;
  for (const [action, description] of actions)
    parked
      .command(`${action} <key>`)
      .description(`${description}. The service does it, within a second`)
      .requiredOption('--why <text>', 'kept with the request for good')
      .option('--who <name>', 'who asks', io.env['USER'] ?? 'unknown')
      .option('--subscription <name>', 'where the key is parked in several')
      .option('--source <name>', 'the log or topic, where the key is parked from several')
      .action(async (key: string, _own: object, command: Command) => {
        const options = command.optsWithGlobals<RequestOptions>();
        await withDatabase(options, io.env, async (database) => {
          const request = await ask(database, action, key, options);
          printOne(io, { ...request, next: 'see "logfold parked history" for what comes of it' }, options);
        });
      });
}

async function ask(
  database: PostgresDatabase,
  action: ParkedRequest['action'],
  key: string,
  options: RequestOptions,
): Promise<CheckpointKey & ParkedRequest> {
  const { subscription, source } = await placeOf(database, key, options);
  const { who, why } = options;
  const where = { subscription, source };
  return { ...where, ...(await database.parked.request(where, { action, key, who, why })) };
}

/** Where a key is parked. @throws InvalidCommandLine when it is nowhere, or in several places. */
async function placeOf(
  database: PostgresDatabase,
  key: string,
  { subscription, source }: PlaceOptions,
): Promise<ParkedKey> {
  const found = (await database.parked.list({ key })).filter(
    (one) =>
      (subscription === undefined || one.subscription === subscription) &&
      (source === undefined || one.source === source),
  );
  const [only] = found;
  if (!only) throw new InvalidCommandLine(`Nothing is parked under "${key}": see "logfold parked list"`);
  if (found.length > 1)
    throw new InvalidCommandLine(
      `"${key}" is parked in ${found.map((one) => `"${one.subscription}" from "${one.source}"`).join(', ')}: ` +
        'say which with --subscription and --source',
    );
  return only;
}
