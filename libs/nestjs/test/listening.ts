import type { Type } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { retry, type Database } from '@logfold/core';
import { memory } from '@logfold/testing';
import { LogfoldModule, LogfoldServices } from '../src/index.js';
import { LogfoldKafka, type LogfoldKafkaOptions } from '../src/microservices.js';
import { Label, LabelEvents } from './labels.js';
import { Note, NoteCommands, NoteEvents } from './notes.js';
import { silent } from './silent.js';

export const defaults = {
  name: 'office',
  from: [NoteEvents, LabelEvents],
  startFrom: 'beginning' as const,
  onError: retry(0).thenPark(),
};

/** An application with HTTP and the microservice, which starts first, as the documentation of Nest has it. */
export async function listening(
  controllers: Type<object> | Type<object>[],
  options: Partial<LogfoldKafkaOptions> = {},
  prepare: (strategy: LogfoldKafka) => void = () => {},
  database: Database = memory({ service: 'desk' }),
) {
  const imports = [LogfoldModule.forRoot({ service: 'desk', database }), LogfoldModule.forFeature([Note, Label])];
  const module = await Test.createTestingModule({ imports, controllers: [controllers].flat() })
    .setLogger(silent)
    .compile();
  const nest = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
  const services = nest.get(LogfoldServices);
  const connect = async (): Promise<LogfoldKafka> => {
    const strategy = new LogfoldKafka({ services, ...defaults, ...options });
    prepare(strategy);
    nest.connectMicroservice({ strategy });
    await nest.startAllMicroservices();
    return strategy;
  };
  const strategy = await connect();
  await nest.init();
  return {
    app: nest,
    database,
    strategy,
    connect,
    write: async (id: string) => {
      const handled = await services
        .of()
        .handler(Note)
        .handle(NoteCommands.WriteNote({ id, text: id }));
      return handled.events[0]!;
    },
  };
}
