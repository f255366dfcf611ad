import { isProcessEvent, type EventStore, type Recorded } from '@logfold/core';
import type { Command } from 'commander';
import { InvalidCommandLine, withDatabase, type GlobalOptions, type Surroundings } from './context.js';
import { printLines, printOne, type Line } from './print.js';

interface ListOptions extends GlobalOptions {
  readonly name?: string;
  readonly state?: string;
}

const STATES = ['open', 'completed'] as const;
const PAGE = 1_000;

/** `logfold processes …` */
export function addProcessesCommands(program: Command, io: Surroundings): void {
  const processes = program.command('processes').description('instances of process managers');

  processes
    .command('list')
    .description('the instances that were started last, 1,000 at most')
    .option('--name <name>', 'those of one process manager')
    .option('--state <state>', `those that are ${STATES.join(' or ')}`)
    .action(async (_own: object, command: Command) => {
      const { name, state, ...options } = command.optsWithGlobals<ListOptions>();
      const known = STATES.find((each) => each === state);
      if (state !== undefined && !known)
        throw new InvalidCommandLine(`--state is ${JSON.stringify(state)}, it must be ${STATES.join(' or ')}`);
      await withDatabase(options, io.env, async (database) => {
        const listed = await database.processes.list({
          ...(name === undefined ? {} : { process: name }),
          ...(known ? { state: known } : {}),
        });
        printLines(
          io,
          listed.map((each) => ({ ...each })),
          { ...options, none: 'No process was started.' },
        );
      });
    });

  processes
    .command('show <stream>')
    .description('all that an instance was told and did, such as checkout-42, and the timers that it waits for')
    .action(async (stream: string, _own: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      await withDatabase(options, io.env, async (database) => {
        const events = await wholeStream(database.events, stream);
        if (events[0]?.type !== 'logfold.EventReceived')
          throw new InvalidCommandLine(`There is no process "${stream}": see "logfold processes list"`);
        const history = events.map(lineOf);
        const timers = (await database.timers.list(stream)).map(({ name, dueAt }) => ({ timer: name, dueAt }));
        const state = events.at(-1)!.type === 'logfold.ProcessCompleted' ? 'completed' : 'open';
        if (options.json) return printOne(io, { stream, state, history, timers }, options);
        printOne(io, { stream, state }, options);
        printLines(io, history, { none: '' });
        printLines(io, timers, { none: 'It waits for no timer.' });
      });
    });
}

async function wholeStream(store: EventStore<any>, stream: string): Promise<readonly Recorded[]> {
  const events: Recorded[] = [];
  for (;;) {
    const page = await store.readStream(stream, { after: events.length, limit: PAGE });
    events.push(...page);
    if (page.length < PAGE) return events;
  }
}

/** An input or an effect for people: what it is, of what, and what it holds. */
function lineOf(event: Recorded): Line {
  const { version, recordedAt: at } = event;
  return { version, at, ...described(event) };
}

function described(event: Recorded): Line {
  if (!isProcessEvent(event)) return { what: 'published', name: event.type, about: event.id, data: event.data };
  switch (event.type) {
    case 'logfold.EventReceived': {
      const { type, id, data } = event.data.event;
      return { what: 'received', name: type, about: id, data };
    }
    case 'logfold.TimeoutReceived':
      return { what: 'timed out', name: event.data.name, about: event.data.timerId, data: undefined };
    case 'logfold.RejectionReceived': {
      const { command, commandId, rejection } = event.data;
      return { what: 'was rejected', name: command, about: commandId, data: rejection };
    }
    case 'logfold.CommandSent': {
      const { type, stream, data } = event.data;
      return { what: 'sent', name: type, about: (event as Recorded).id, data: { stream, data } };
    }
    case 'logfold.TimerSet':
      return { what: 'set timer', name: event.data.name, about: event.data.timerId, data: { after: event.data.after } };
    case 'logfold.TimerCancelled':
      return { what: 'cancelled timer', name: event.data.name, about: event.data.timerId, data: undefined };
    default:
      return { what: 'completed', name: undefined, about: undefined, data: undefined };
  }
}
