import {
  dropAbandoned,
  readModelStates,
  type ReadModelState,
  type Rebuild,
  type RebuildAction,
  type RebuildState,
} from '@logfold/core';
import type { Command } from 'commander';
import { wholeNumber, withDatabase, type GlobalOptions, type Surroundings } from './context.js';
import { printLines, printOne } from './print.js';
import { NothingToDo, rebuildToAsk, versionsOf, versionsToRebuild } from './rebuild-choice.js';
import { waitForOutcome } from './rebuild-outcome.js';
import { printReport } from './rebuild-report.js';

/** The options of commands that ask something of a rebuild. */
interface AskOptions extends GlobalOptions {
  readonly version?: number;
  readonly full?: true;
  readonly acceptDifferences?: true;
  readonly watch?: boolean;
  readonly patience: number;
}

interface RebuildCommandOptions extends AskOptions {
  readonly all?: true;
  readonly switch: boolean;
  readonly who: string;
  readonly why: string;
}

const EXAMPLES = `
A rebuild folds the whole log into a new table beside the one that queries read, compares the two and a fold of the log,
and switches. Nothing stands still meanwhile. The service does it: this command asks, and shows how it goes.

  logfold read-models list                                     what there is, and how far
  logfold read-models rebuild stock_levels --watch             rebuild, verify, switch
  logfold read-models rebuild stock_levels out_of_stock        two with one reading of the log
  logfold read-models rebuild stock_levels --full --no-switch  compare every row, and switch nothing
  logfold read-models show stock_levels                        what the verification found, row by row
  logfold read-models switch stock_levels --accept-differences
  logfold read-models rollback stock_levels                    queries read the table before again, which is up to date
  logfold read-models drop stock_levels                        removes the table that queries do not read; ends the rebuild

With --watch (the default on a terminal) the exit code is 0 when it came to what was asked, 1 when it was refused or failed.
`;

/** `logfold read-models …` */
export function addReadModelsCommands(program: Command, io: Surroundings): void {
  const readModels = program
    .command('read-models')
    .description('the tables that are folded from the log, and their rebuilds')
    .addHelpText('after', EXAMPLES);

  readModels
    .command('list')
    .description('each version: its tables, who runs it, how far it got, and its rebuild')
    .action((_own: object, command: Command) =>
      withStates(command, io, async (_database, states, options) =>
        options.json
          ? printOne(io, states as never, options)
          : printLines(io, states.map(stateLine), {
              none: 'There are no read models: the service has not started yet.',
            }),
      ),
    );

  const rebuild = readModels
    .command('rebuild [names...]')
    .description('makes new tables from the log, verifies them, and switches queries to them')
    .option('--all', 'all read models that a service runs')
    .option('--no-switch', 'leaves them verified, until "switch" or "drop"')
    .option('--why <text>', 'kept with the request for good', 'asked for on the command line')
    .option('--who <name>', 'who asks', io.env['USER'] ?? 'unknown');
  asking(rebuild, true, true)
    .addHelpText('after', '\nExample: logfold read-models rebuild stock_levels --full --watch')
    .action((names: string[], _own: object, command: Command) => requestRebuilds(command, io, names));

  for (const { action, description, full, accept } of ACTIONS)
    asking(readModels.command(`${action} <name>`).description(description), full, accept).action(
      (name: string, _own: object, command: Command) => ask(command, io, name, action),
    );

  readModels
    .command('history [name]')
    .description('the rebuilds of one read model, or of all, the newest first; kept for good')
    .action((name: string | undefined, _own: object, command: Command) =>
      withStates(command, io, async (database, states, options) => {
        if (name !== undefined) versionsOf(states, name);
        const rebuilds = (await database.rebuilds.list()).filter((each) => name === undefined || each.name === name);
        printLines(io, options.json ? rebuilds.map((each) => ({ ...each })) : rebuilds.map(rebuildLine), {
          ...options,
          none: 'No rebuild was requested yet.',
        });
      }),
    );

  readModels
    .command('show <name>')
    .description('the newest rebuild of a read model, and what its verification found, row by row')
    .option('--version <number>', 'of this version', version)
    .action((name: string, own: { version?: number }, command: Command) =>
      withStates(command, io, async (database, states, options) => {
        versionsOf(states, name);
        const newest = (await database.rebuilds.list()).find(
          (each) => each.name === name && (own.version === undefined || each.version === own.version),
        );
        if (!newest) throw new NothingToDo(`No rebuild of read model "${name}" was requested yet`);
        const { report, progress: _progress, ...rest } = newest;
        if (options.json) return printOne(io, { ...newest }, options);
        printOne(io, { ...rest, ...(report?.refused === undefined ? {} : { refused: report.refused }) }, {});
        printReport(io, newest);
      }),
    );
}

/** The goal of an action is the states in which it was done. */
const ACTIONS: readonly {
  readonly action: RebuildAction;
  readonly description: string;
  readonly goal: readonly RebuildState[];
  readonly full?: true;
  readonly accept?: true;
}[] = [
  {
    action: 'verify',
    description: 'compares the new table once more, and switches nothing',
    goal: ['verified'],
    full: true,
  },
  {
    action: 'switch',
    description: 'queries read the new table; a refused one is compared once more before',
    goal: ['switched', 'done'],
    accept: true,
  },
  {
    action: 'rollback',
    description: 'queries read the table before again, which was fed on and is up to date',
    goal: ['rolled-back'],
  },
  {
    action: 'drop',
    description:
      'removes the table that queries do not read, and ends the rebuild; also where no service runs it any more',
    goal: ['done', 'dropped'],
  },
];

function asking(command: Command, full = false, accept = false): Command {
  command.option('--version <number>', 'of this version; unless given the newest that a service runs', version);
  if (full) command.option('--full', 'compares every row with a fold of the log, not a sample of some thousand');
  if (accept)
    command.option('--accept-differences', 'differences from the table before do not keep it from being switched on');
  return command
    .option('--watch', 'waits for the outcome and shows how it goes; the default on a terminal')
    .option('--no-watch', 'does not wait')
    .option('--patience <seconds>', 'how long no service may run it while it is waited for', seconds, 15);
}

async function requestRebuilds(command: Command, io: Surroundings, names: readonly string[]): Promise<void> {
  await withStates<RebuildCommandOptions>(command, io, async (database, states, options) => {
    const { full = false, acceptDifferences = false, switch: switchWhenVerified, who, why } = options;
    const wishes = versionsToRebuild(states, names, options).map(({ name, version }) =>
      database.rebuilds.request({ name, version, full, acceptDifferences, switchWhenVerified, who, why }),
    );
    const requested = await Promise.all(wishes);
    await watchOrSay(io, database, requested, options, switchWhenVerified ? ['switched', 'done'] : ['verified']);
  });
}

async function ask(command: Command, io: Surroundings, name: string, action: RebuildAction): Promise<void> {
  await withStates<AskOptions>(command, io, async (database, states, options) => {
    const rebuild = rebuildToAsk(states, name, action, options.version);
    const { id } = rebuild;
    if (action !== 'drop' || !(await dropAbandoned(database, rebuild)))
      await database.rebuilds.ask(id, action, {
        ...(options.full ? { full: true } : {}),
        ...(options.acceptDifferences ? { acceptDifferences: true } : {}),
        ...(action === 'verify' ? { switchWhenVerified: false } : {}),
      });
    const asked = await database.rebuilds.list([id]);
    await watchOrSay(io, database, asked, options, ACTIONS.find((each) => each.action === action)!.goal);
  });
}

async function watchOrSay(
  io: Surroundings,
  database: Parameters<typeof waitForOutcome>[1],
  rebuilds: readonly Rebuild[],
  options: AskOptions,
  goal: readonly RebuildState[],
): Promise<void> {
  const { watch = io.terminal !== undefined, patience: patienceSeconds } = options;
  if (watch) return waitForOutcome(io, database, rebuilds, { ...options, goal, patienceSeconds });
  printLines(io, options.json ? rebuilds.map((each) => ({ ...each })) : rebuilds.map(rebuildLine), {
    ...options,
    none: '',
  });
}

async function withStates<O extends GlobalOptions>(
  command: Command,
  io: Surroundings,
  work: (
    database: Parameters<typeof waitForOutcome>[1],
    states: readonly ReadModelState[],
    options: O,
  ) => Promise<void>,
): Promise<void> {
  const options = command.optsWithGlobals<O>();
  await withDatabase(options, io.env, async (database) => work(database, await readModelStates(database), options));
}

function stateLine({ name, version, fed, current, runBy, positions, rebuild }: ReadModelState) {
  const sources = [...new Set(positions.map(({ source }) => source))].map((source) => {
    const at = positions.filter((each) => each.source === source).map(({ position }) => position);
    const least = at.reduce((low, position) => (position < low ? position : low));
    return `${source} ${least}${at.length > 1 ? ` (the least of ${at.length} partitions)` : ''}`;
  });
  const done = rebuild?.state === 'building' ? ` ${Math.floor((rebuild.progress?.done ?? 0) * 100)}%` : '';
  return {
    name,
    version,
    current: current ? 'yes' : 'no',
    tables: fed.join(', ') || 'none',
    checkpoint: sources.join(', '),
    runBy: runBy ?? 'nobody',
    rebuild: rebuild ? `${rebuild.state}${done}` : '',
  };
}

function rebuildLine({ name, version, state, who, why, requestedAt, error, report }: Rebuild) {
  return { name, version, state, who, why, requestedAt, reason: error ?? report?.refused };
}

function version(text: string): number {
  return Number(wholeNumber('--version', text));
}

function seconds(text: string): number {
  return Number(wholeNumber('--patience', text));
}
