import {
  commands,
  complete,
  decider,
  events,
  logfold,
  processManager,
  publish,
  reject,
  send,
  type,
  type Event,
  type Logfold,
  type LogfoldOptions,
  type Run,
  type Schema,
} from '@logfold/core';

/** Two services that meet in topics: one asks, the other answers. */
export interface OpenedHouse {
  /** Names that no other house has. */
  readonly asking: string;
  readonly answering: string;
  /** Opens a service as a process has it; called again for the same name, as another process has it. */
  service(name: string): Pick<LogfoldOptions, 'database' | 'topics'>;
  close(): Promise<void>;
}

/** How a task is done: takes pieces from a shelf, or first puts them there one by one. */
export interface Task {
  readonly task: string;
  readonly item: string;
  readonly pieces: number;
  readonly how: 'take' | 'put and take' | 'burn';
}

type Pieces = Pick<Task, 'item' | 'task' | 'pieces'>;

/** Validates as a schema library does, without one. */
const somePieces: Schema<Pieces, Pieces> = {
  '~standard': {
    version: 1,
    vendor: 'conformance',
    validate: (value) =>
      (value as Pieces).pieces > 0
        ? { value: value as Pieces }
        : { issues: [{ message: 'must be positive', path: ['pieces'] }] },
  },
};

/** What is defined in the two services: tasks here, whose process manager sends commands to shelves there. */
export function errands(asking: string, answering: string) {
  const TaskEvents = events(`${asking}.task`, { topic: null, partitions: 1 }, { TaskOpened: type<Task>() });
  const EndEvents = events(
    `${asking}.end`,
    { topic: null, partitions: 1 },
    { TaskEnded: type<{ task: string; how: string }>() },
  );
  const ShelfEvents = events(
    `${answering}.shelf`,
    { partitions: 3 },
    { PiecesPut: type<Pieces>(), PiecesTaken: type<Pieces>() },
  );
  const key = { key: ({ item }: { item: string }) => item };
  /** As the contract has it that the asking service was built with: validates nothing, and knows a command too many. */
  const Asked = commands(`${answering}.shelf`, key, {
    Put: type<Pieces>(),
    Take: type<Pieces>(),
    Burn: type<Pieces>(),
  });
  const Known = commands(`${answering}.shelf`, key, { Put: somePieces, Take: somePieces });

  const Shelf = decider({
    name: 'shelf',
    commands: Known,
    events: ShelfEvents,
    initial: () => 0,
    evolve: {
      PiecesPut: (free, { data }) => free + data.pieces,
      PiecesTaken: (free, { data }) => free - data.pieces,
    },
    decide: {
      Put: ({ data }) => ShelfEvents.PiecesPut(data),
      Take: ({ data }, free) =>
        free < data.pieces ? reject('short', `${free} are free`, { free }) : ShelfEvents.PiecesTaken(data),
    },
  });
  const Errand = processManager({
    name: 'errand',
    from: [TaskEvents, ShelfEvents],
    sends: [Asked],
    publishes: [EndEvents],
    startFrom: 'beginning',
    startedBy: ['TaskOpened'],
    key: { TaskOpened: ({ data }) => data.task, PiecesTaken: ({ data }) => data.task },
    initial: () => ({ task: '' }),
    evolve: { TaskOpened: (_, { data: { task } }) => ({ task }) },
    react: {
      TaskOpened: (_, { data: { how, ...data } }) => {
        const puts = Array.from({ length: how === 'put and take' ? data.pieces : 0 }, () => ({ ...data, pieces: 1 }));
        return [...puts.map((put) => send(Asked.Put(put))), send(how === 'burn' ? Asked.Burn(data) : Asked.Take(data))];
      },
      PiecesTaken: ({ task }) => [publish(EndEvents.TaskEnded({ task, how: 'taken' })), complete()],
    },
    rejected: {
      Take: ({ task }, { rejected }) => [publish(EndEvents.TaskEnded({ task, how: rejected })), complete()],
    },
  });
  return {
    opened: (task: Task): Event => TaskEvents.TaskOpened(task),
    put: (item: string, pieces: number): Event => ShelfEvents.PiecesPut({ item, pieces, task: '' }),
    asker: (house: OpenedHouse): Logfold => service(house, asking, { definitions: [Errand] }),
    answerer: (house: OpenedHouse, run: Run = 'everything'): Logfold =>
      service(house, answering, { definitions: [Shelf], commandsFrom: [asking], run }),
  };
}

function service(
  house: OpenedHouse,
  name: string,
  options: Pick<LogfoldOptions, 'definitions' | 'commandsFrom' | 'run'>,
): Logfold {
  const runner = { backoff: { firstMs: 2, maxMs: 20 } };
  return logfold({ ...house.service(name), ...options, runner, leaseTtlMs: 1_000 });
}
