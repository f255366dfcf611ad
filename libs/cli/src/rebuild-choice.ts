import {
  LogfoldError,
  RebuildUnderWay,
  STEPS_FROM,
  type ReadModelState,
  type Rebuild,
  type RebuildAction,
  type RebuildState,
} from '@logfold/core';
import { InvalidCommandLine } from './context.js';

/** No process has the code of a read model's version at work: nobody would do what is asked. */
export class NoServiceRuns extends LogfoldError {
  readonly code = 'no-service-runs';
  constructor(
    readonly readModel: string,
    readonly version: number | undefined,
  ) {
    super(
      `No service runs read model "${readModel}"${version === undefined ? '' : ` version ${version}`}: nobody holds its lease. ` +
        'Start the service, with read models among what it runs',
    );
  }
}

/** There is no rebuild, or not in a state, with which the command could do something. */
export class NothingToDo extends LogfoldError {
  readonly code = 'nothing-to-do';
}

/** Which read models are meant. */
export interface Choice {
  readonly version?: number;
  readonly all?: true;
}

/**
 * The versions to rebuild: of each read model the one that a service runs, the newest if it runs several.
 * @throws InvalidCommandLine, NoServiceRuns, RebuildUnderWay
 */
export function versionsToRebuild(
  states: readonly ReadModelState[],
  names: readonly string[],
  { version, all }: Choice,
): readonly ReadModelState[] {
  if (all && names.length > 0) throw new InvalidCommandLine('Give names, or --all, not both');
  if (version !== undefined && names.length !== 1) throw new InvalidCommandLine('--version is for one read model');
  if (!all && names.length === 0) throw new InvalidCommandLine(`Name a read model, or say --all: ${named(states)}`);
  const run = states.filter(({ runBy }) => runBy !== undefined);
  const wanted = all ? run.map(({ name }) => name) : names;
  const chosen = [...new Set(wanted)].map((name) => versionToRebuild(states, name, version));
  if (chosen.length === 0) throw new NothingToDo(`No service runs a read model here: ${named(states)}`);
  const underWay = chosen.find(({ rebuild }) => rebuild !== undefined);
  if (underWay) throw new RebuildUnderWay(underWay.name, underWay.version, underWay.rebuild!.state);
  return chosen;
}

function versionToRebuild(states: readonly ReadModelState[], name: string, version?: number): ReadModelState {
  const versions = versionsOf(states, name).filter((each) => version === undefined || each.version === version);
  if (versions.length === 0)
    throw new InvalidCommandLine(
      `Read model "${name}" has no version ${version}: there are ${versionsOf(states, name)
        .map((each) => each.version)
        .join(', ')}`,
    );
  const newest = versions.findLast(({ runBy }) => runBy !== undefined);
  if (!newest) throw new NoServiceRuns(name, version);
  return newest;
}

/** In which states of a rebuild each thing can be asked. */
const POSSIBLE: Readonly<Record<RebuildAction, readonly RebuildState[]>> = {
  verify: ['verified', 'refused'],
  switch: ['verified', 'refused', 'rolled-back'],
  rollback: STEPS_FROM['roll back'],
  drop: STEPS_FROM.drop,
};

/** The rebuild of which something is asked. @throws InvalidCommandLine, NothingToDo, NoServiceRuns */
export function rebuildToAsk(
  states: readonly ReadModelState[],
  name: string,
  action: RebuildAction,
  version?: number,
): Rebuild {
  const open = versionsOf(states, name).filter(
    (each) => each.rebuild && (version === undefined || each.version === version),
  );
  const [only] = open;
  if (!only?.rebuild)
    throw new NothingToDo(
      `Read model "${name}" has no open rebuild, so there is nothing to ${verb(action)}: ` +
        `"logfold read-models rebuild ${name}" begins one`,
    );
  if (open.length > 1)
    throw new InvalidCommandLine(
      `Several versions of "${name}" have an open rebuild: say --version ${open.map((each) => each.version).join(' or --version ')}`,
    );
  const { state } = only.rebuild;
  if (!POSSIBLE[action].includes(state))
    throw new NothingToDo(
      `There is nothing to ${verb(action)}: the rebuild of "${name}" version ${only.version} is ${state}, ` +
        `and must be ${POSSIBLE[action].join(' or ')}`,
    );
  if (only.runBy === undefined && action !== 'drop') throw new NoServiceRuns(name, only.version);
  return only.rebuild;
}

/** The versions of a read model that is there. @throws InvalidCommandLine, which names those that are */
export function versionsOf(states: readonly ReadModelState[], name: string): readonly ReadModelState[] {
  const versions = states.filter((state) => state.name === name);
  if (versions.length === 0) throw new InvalidCommandLine(`There is no read model "${name}": ${named(states)}`);
  return versions;
}

function named(states: readonly ReadModelState[]): string {
  const names = [...new Set(states.map(({ name }) => name))];
  return names.length > 0 ? `there are ${names.join(', ')}` : 'there are none, the service has not started yet';
}

function verb(action: RebuildAction): string {
  return action === 'rollback' ? 'roll back' : action;
}
