import {
  cancel,
  commandHandler,
  commands,
  complete,
  decider,
  eventCatalog,
  events,
  ProcessEvents,
  processManager,
  processRunners,
  publish,
  reject,
  retry,
  send,
  timeout,
  type,
  unchanged,
  uuidv7,
  type Database,
  type Duration,
  type Recorded,
  type Run,
  type Runner,
  type StartFrom,
} from '@logfold/core';
import { expect } from '@jest/globals';
import { eventually } from '../eventually.js';

/** What the contract of process managers is about: tickets that take pieces from a shelf until they are paid or expire. */
export const TicketEvents = events(
  'conformance.ticket',
  { topic: null, partitions: 1 },
  {
    TicketOpened: type<{ ticket: string; item: string; pieces: number; patience: Duration }>(),
    TicketPaid: type<{ ticket: string }>(),
    TicketTouched: type<{ ticket: string }>(),
  },
);

export const ShelfEvents = events(
  'conformance.shelf',
  { topic: null, partitions: 1 },
  {
    PiecesPut: type<{ item: string; pieces: number }>(),
    PiecesTaken: type<{ item: string; ticket: string; pieces: number }>(),
    PiecesReturned: type<{ item: string; ticket: string; pieces: number }>(),
  },
);

const EndEvents = events(
  'conformance.booking',
  { topic: null, partitions: 1 },
  { BookingEnded: type<{ ticket: string; how: 'paid' | 'expired' | 'refused' }>() },
);

const ShelfCommands = commands(
  'conformance.shelf',
  { key: ({ item }) => item },
  {
    Take: type<{ item: string; ticket: string; pieces: number }>(),
    Return: type<{ item: string; ticket: string; pieces: number }>(),
  },
);

interface ShelfState {
  readonly free: number;
  /** The tickets that pieces were taken for. */
  readonly holding: readonly string[];
}

const Shelf = decider({
  name: 'shelf',
  commands: ShelfCommands,
  events: ShelfEvents,
  initial: (): ShelfState => ({ free: 0, holding: [] }),
  evolve: {
    PiecesPut: (shelf, { data }) => ({ ...shelf, free: shelf.free + data.pieces }),
    PiecesTaken: ({ free, holding }, { data }) => ({ free: free - data.pieces, holding: [...holding, data.ticket] }),
    PiecesReturned: ({ free, holding }, { data }) => ({
      free: free + data.pieces,
      holding: holding.filter((ticket) => ticket !== data.ticket),
    }),
  },
  decide: {
    Take: ({ data }, { free }) =>
      free < data.pieces ? reject('short', `${free} are free`, { free }) : ShelfEvents.PiecesTaken(data),
    Return: ({ data }, { holding }) =>
      holding.includes(data.ticket) ? ShelfEvents.PiecesReturned(data) : reject('not-taken', 'it holds nothing'),
  },
});

/** A process manager of bookings; each test may have one of its own. */
export function booking(name: string, { startFrom = 'beginning', poison = () => false }: BookingOptions = {}) {
  return processManager({
    name,
    from: [TicketEvents, ShelfEvents],
    sends: [ShelfCommands],
    publishes: [EndEvents],
    startFrom,
    onError: retry(0).thenPark(),
    startedBy: ['TicketOpened'],
    key: {
      TicketOpened: ({ data }) => data.ticket,
      TicketPaid: ({ data }) => data.ticket,
      TicketTouched: ({ data }) => data.ticket,
      PiecesTaken: ({ data }) => data.ticket,
    },
    initial: () => ({ ticket: '', item: '', pieces: 0, taken: false, touched: 0 }),
    evolve: {
      TicketOpened: (state, { data: { ticket, item, pieces } }) => ({ ...state, ticket, item, pieces }),
      TicketTouched: (state) => ({ ...state, touched: state.touched + 1 }),
      PiecesTaken: (state) => ({ ...state, taken: true }),
      TicketPaid: unchanged,
    },
    react: {
      TicketOpened: (_state, { data: { ticket, item, pieces, patience } }) => [
        timeout('payment', patience),
        send(ShelfCommands.Take({ item, ticket, pieces })),
      ],
      TicketTouched: ({ ticket }) => {
        if (poison()) throw new RangeError(`${ticket} is poison`);
        return [];
      },
      TicketPaid: ({ ticket, taken }) =>
        taken ? [cancel('payment'), publish(EndEvents.BookingEnded({ ticket, how: 'paid' })), complete()] : [],
    },
    timeouts: {
      payment: ({ ticket, item, pieces }) => [
        send(ShelfCommands.Return({ item, ticket, pieces })), // also when it has not heard yet that they were taken
        publish(EndEvents.BookingEnded({ ticket, how: 'expired' })),
        complete(),
      ],
    },
    rejected: {
      Take: ({ ticket }, { rejected }) =>
        rejected === 'short' ? [publish(EndEvents.BookingEnded({ ticket, how: 'refused' })), complete()] : [],
    },
  });
}

interface BookingOptions {
  readonly startFrom?: StartFrom;
  /** Asked with each TicketTouched. */
  readonly poison?: () => boolean;
}

/** Runs the loops of a process manager over a database, as a service does. */
export class Bookings {
  readonly ignored: Recorded[] = [];
  /** What its loops failed with. */
  readonly errors: unknown[] = [];
  readonly runners: readonly Runner[];

  constructor(
    readonly database: Database,
    readonly process: ReturnType<typeof booking>,
    run: Run = 'everything',
  ) {
    const catalog = eventCatalog([TicketEvents, ShelfEvents, EndEvents, ProcessEvents]);
    const options = {
      database,
      definitions: [Shelf, process],
      run,
      runner: { backoff: { firstMs: 2, maxMs: 20 }, onError: (error: unknown) => this.errors.push(error) },
      onIgnored: (_process: string, event: Recorded) => this.ignored.push(event),
    };
    this.runners = processRunners(
      options,
      catalog,
      new Map([[Shelf, commandHandler(Shelf, database.events, { commands: database.commands })]]),
    );
    for (const runner of this.runners) runner.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.runners.map((runner) => runner.stop()));
  }
}

/** Puts pieces on a new shelf. */
export async function shelf(database: Database, pieces: number): Promise<string> {
  const item = uuidv7();
  await append(database, `shelf-${item}`, ShelfEvents.PiecesPut({ item, pieces }));
  return item;
}

/** Opens a ticket, which waits long for its payment unless a patience is given. */
export async function open(database: Database, item: string, pieces = 1, patience: Duration = 'PT1H'): Promise<string> {
  const ticket = uuidv7();
  await append(database, `ticket-${ticket}`, TicketEvents.TicketOpened({ ticket, item, pieces, patience }));
  return ticket;
}

export const pay = (database: Database, ticket: string) =>
  append(database, `ticket-${ticket}`, TicketEvents.TicketPaid({ ticket }));

export const touch = (database: Database, ticket: string) =>
  append(database, `ticket-${ticket}`, TicketEvents.TicketTouched({ ticket }));

async function append(
  database: Database,
  stream: string,
  event: Parameters<typeof database.events.append>[0]['events'][number],
) {
  await database.events.append({ stream, events: [event], expected: 'any' });
}

/** The whole log. */
export async function wholeLog(database: Database): Promise<Recorded[]> {
  const all: Recorded[] = [];
  for await (const { events: some } of database.events.readLog({ after: 0n })) all.push(...some);
  return all;
}

/** How the bookings of these tickets ended, each time that one did. */
export async function endsOf(database: Database, tickets: readonly string[]): Promise<string[]> {
  const ends = (await wholeLog(database)).filter(({ type: name }) => name === 'BookingEnded');
  return tickets.map((ticket) =>
    ends
      .filter(({ data }) => (data as { ticket: string }).ticket === ticket)
      .map(({ data }) => (data as { how: string }).how)
      .join(),
  );
}

/** Waits until each of these tickets has taken its pieces. */
export async function taken(database: Database, tickets: readonly string[], process: string): Promise<void> {
  await eventually(async () => {
    for (const ticket of tickets) {
      const heard = await database.events.readStream(`${process}-${ticket}`);
      expect(JSON.stringify(heard.map(({ data }) => data))).toContain('PiecesTaken');
    }
  });
}
