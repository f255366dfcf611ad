import { expect, test } from '@jest/globals';
import { memory } from '@logfold/testing';
import { recorded } from '../test/shop.js';
import { CommandRejected } from './errors.js';
import type { Handler } from './handler.js';
import { answerStream, ProcessEvents } from './process-events.js';
import { sentCommandsHandler } from './sent-commands.js';
import { uuidv7 } from './uuid.js';

test('a command that is refused again, because its log was set back, is answered once', async () => {
  const { events, transactions } = memory({ service: 'shop' });
  const refusing = {
    handle: () => Promise.reject(new CommandRejected('Reserve', 'stock-tea', 'short', '0 are free')),
  } as unknown as Handler;
  const handler = sentCommandsHandler('shop', () => refusing, events);
  const command = { registry: 'shop.stock', type: 'Reserve', data: { sku: 'tea' }, stream: 'stock-tea' };
  const [sent, other] = recorded([1, 2].map(() => ProcessEvents['logfold.CommandSent'](command))).map((event) => ({
    ...event,
    id: uuidv7(),
  }));
  await transactions.run((tx) => handler.handle([sent!], tx));
  await transactions.run((tx) => handler.handle([sent!, other!], tx));
  for (const { id } of [sent!, other!])
    expect(await events.readStream(answerStream(id))).toMatchObject([
      { type: 'logfold.CommandRejected', data: { commandId: id, rejection: { rejected: 'short' } } },
    ]);
});
