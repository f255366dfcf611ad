import type { Recorded } from '@logfold/core';
import type { Command } from 'commander';
import { InvalidCommandLine, wholeNumber, withDatabase, type GlobalOptions, type Surroundings } from './context.js';
import { following, tail } from './log-reading.js';
import { printLines, printRecord, type Line } from './print.js';

interface ReadOptions extends GlobalOptions {
  readonly after?: string;
  readonly limit: string;
  readonly types?: string;
  readonly follow?: true;
  readonly data?: true;
}

const LARGEST_LIMIT = 10_000;

/** `logfold log tail` and `logfold log stream`: they show what happened, and of what it was about only what is asked for. */
export function addLogReadingCommands(log: Command, io: Surroundings): void {
  log
    .command('tail')
    .description(
      'the last events of the log, in its order; with --json one JSON object a line. What events are about is shown with --data',
    )
    .option('--follow', 'goes on with what is appended, until it is interrupted')
    .option('--types <list>', 'only these types, with commas between them')
    .option('--after <position>', 'the first events behind this position, not the last ones')
    .option('--limit <number>', `so many, ${LARGEST_LIMIT} at most`, '20')
    .option('--data', 'with data and metadata')
    .action(async (_own: object, command: Command) => {
      const options = command.optsWithGlobals<ReadOptions>();
      const wanted = {
        after: options.after === undefined ? undefined : wholeNumber('--after', options.after),
        types: options.types?.split(',').filter(Boolean),
        limit: limitOf(options),
      };
      const print = (event: Recorded): void => printRecord(io, lineOf(event, options), options);
      await withDatabase(options, io.env, async ({ events: store, wakeUp }) => {
        const { events, position } = await tail(store, wanted);
        for (const event of events) print(event);
        const signal = io.signal ?? new AbortController().signal;
        if (options.follow) for await (const event of following(store, wakeUp, wanted, position, signal)) print(event);
      });
    });

  log
    .command('stream <name>')
    .description('the events of one stream, such as order-42')
    .option('--after <version>', 'only later versions', '0')
    .option('--limit <number>', `so many, ${LARGEST_LIMIT} at most`, '100')
    .option('--data', 'with data and metadata')
    .action(async (name: string, _own: object, command: Command) => {
      const options = command.optsWithGlobals<ReadOptions>();
      const after = Number(wholeNumber('--after', options.after ?? '0'));
      const limit = limitOf(options);
      await withDatabase(options, io.env, async ({ events: store }) => {
        const events: Recorded[] = [];
        while (events.length < limit) {
          const page = await store.readStream(name, {
            after: events.at(-1)?.version ?? after,
            limit: Math.min(1_000, limit - events.length),
          });
          events.push(...page);
          if (page.length === 0) break;
        }
        if (events.length === 0 && after === 0)
          throw new InvalidCommandLine(`There is no stream "${name}": names are such as order-42`);
        printLines(
          io,
          events.map((event) => lineOf(event, options)),
          { ...options, none: `Stream "${name}" has no events behind version ${after}.` },
        );
      });
    });
}

/** An event as operators see it. */
export function lineOf(
  { position, recordedAt, stream, version, type, schemaVersion, id, data, metadata }: Recorded,
  { json, data: withData }: Pick<ReadOptions, 'json' | 'data'>,
): Line {
  const place = { position, recordedAt, stream, version, type };
  return { ...place, ...(json ? { schemaVersion, id } : {}), ...(withData ? { data, metadata } : {}) };
}

function limitOf({ limit }: ReadOptions): number {
  const number = Number(wholeNumber('--limit', limit));
  if (number < 1 || number > LARGEST_LIMIT)
    throw new InvalidCommandLine(`--limit is ${limit}, it must be from 1 to ${LARGEST_LIMIT}`);
  return number;
}
