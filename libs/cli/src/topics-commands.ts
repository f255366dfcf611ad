import { republish } from '@logfold/core';
import type { Command } from 'commander';
import {
  InvalidCommandLine,
  repairParts,
  wholeNumber,
  withDatabase,
  type GlobalOptions,
  type Surroundings,
} from './context.js';
import { givenPublisher, requiredKafka } from './kafka.js';
import { printLines } from './print.js';
import { checkTopics, TopicsDiffer } from './topics-check.js';

/** `logfold topics …` */
export function addTopicsCommands(program: Command, io: Surroundings): void {
  const topics = program.command('topics').description('the topics that the log goes to');

  topics
    .command('list')
    .description('the declared topics')
    .action(async (_own: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      await withDatabase(options, io.env, async (database) => {
        const declared = await database.declaredTopics();
        printLines(
          io,
          declared.map((topic) => ({ ...topic })),
          { ...options, none: 'No topic is declared.' },
        );
      });
    });

  topics
    .command('check')
    .description(
      'compares where each partition ends with what was sent to it and with the log; changes nothing, the service may run. ' +
        'Ends with 1 when something is wrong. Needs --brokers',
    )
    .action(async (_own: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const kafka = requiredKafka(options, io.env);
      await withDatabase(options, io.env, async (database) => {
        const checked = await checkTopics(database, kafka);
        printLines(
          io,
          checked.map((one) => ({ ...one })),
          { ...options, none: 'No topic is declared.' },
        );
        const wrong = checked.filter(({ state }) => state !== 'ok').length;
        if (wrong > 0) throw new TopicsDiffer(wrong);
      });
    });

  topics
    .command('repair <topic> [partition]')
    .description(
      'sends the records of one partition, or of all, once more: where a broker has lost some, or a topic was deleted. ' +
        "Logfold's readers take each event once, foreign ones see what was there already again. Stop the service first. Needs --brokers",
    )
    .option('--behind <position>', 'only records behind this position of the log', '0')
    .action(async (topic: string, partition: string | undefined, own: { behind: string }, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const behind = wholeNumber('--behind', own.behind);
      await withDatabase(options, io.env, async (database) => {
        const parts = await repairParts(database, givenPublisher(options, io.env));
        const declared = parts.topics.find(({ name }) => name === topic);
        if (!declared)
          throw new InvalidCommandLine(
            `This log goes to no topic "${topic}": there are ${parts.topics.map(({ name }) => name).join(', ') || 'none'}`,
          );
        const all = Array.from({ length: declared.partitions }, (_, index) => index);
        const chosen = partition === undefined ? all : [Number(wholeNumber('The partition', partition))];
        const lines = [];
        for (const one of chosen)
          lines.push({
            topic,
            partition: one,
            sent: await republish(parts, { topic, partition: one, behind }),
          });
        printLines(io, lines, { ...options, none: '' });
      });
    });
}
