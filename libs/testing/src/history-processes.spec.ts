import { describe, expect, test } from '@jest/globals';
import { ProcessEvents, type Event, type Recorded } from '@logfold/core';
import { checkProcesses } from './history-processes.js';
import { recordedAs } from './recorded-as.js';

const received = (id: string) =>
  ProcessEvents['logfold.EventReceived']({ event: { ...recordedAs(completed, 0, []), id } as never });
const sent = ProcessEvents['logfold.CommandSent']({
  registry: 'shop.order',
  type: 'Ship',
  data: {},
  stream: 'order-1',
});
const refusal = { command: 'Ship', rejection: { rejected: 'lost', message: 'it is lost' } };
const answer = (commandId: string) =>
  ProcessEvents['logfold.CommandRejected']({ process: 'checkout-1', commandId, ...refusal });
const heard = (commandId: string) => ProcessEvents['logfold.RejectionReceived']({ commandId, ...refusal });
const set = (timerId: string) => ProcessEvents['logfold.TimerSet']({ timerId, name: 'payment', after: 'PT1M' });
const cancelled = (timerId: string) => ProcessEvents['logfold.TimerCancelled']({ timerId, name: 'payment' });
const came = (timerId: string) => ProcessEvents['logfold.TimeoutReceived']({ timerId, name: 'payment' });
const fired = (timerId: string) =>
  ProcessEvents['logfold.TimerFired']({ process: 'checkout-1', timerId, name: 'payment' });
const completed = ProcessEvents['logfold.ProcessCompleted']({});

/** A log with the events of one instance, and messages to it in streams of their own. */
function logOf(events: readonly Event[]): Recorded[] {
  return events.map((event, index) => {
    const stream = /CommandRejected|TimerFired/.test(event.type) ? `message-${index}` : 'checkout-1';
    return { ...recordedAs(event, index, [ProcessEvents]), stream };
  });
}

const idOfThird = logOf([completed, completed, completed])[2]!.id;

describe('the checker of process managers', () => {
  test.each([
    ['an empty log', []],
    [
      'one that was told, waited, was refused and ended',
      [received('a'), set('t'), sent, answer(idOfThird), heard(idOfThird), cancelled('t'), completed],
    ],
    ['a timer that fired, late, after its end', [received('a'), set('t'), cancelled('t'), completed, fired('t')]],
    [
      'a timer that fired and acted',
      [received('a'), set('t'), fired('t'), came('t'), set('u'), cancelled('u'), completed],
    ],
  ])('finds nothing wrong with %s', (_what, events) => {
    expect(checkProcesses(logOf(events), { pending: new Set() })).toEqual([]);
  });

  test.each([
    ['an end that comes twice', [received('a'), completed, completed], 'came after the end'],
    ['an effect after the end', [received('a'), completed, sent], 'came after the end'],
    ['an event that is received twice', [received('a'), received('a')], 'received event a again'],
    ['a rejection that is heard twice', [received('a'), heard('c'), heard('c')], 'heard again that command c'],
    [
      'a command that is answered twice',
      [received('a'), set('t'), sent, answer(idOfThird), answer(idOfThird)],
      'again',
    ],
    ['an answer to what nobody sent', [answer('c')], 'which nobody sent'],
    ['a timer that fires twice', [received('a'), set('t'), fired('t'), fired('t')], 'fires timer t again'],
    [
      'a timeout that acts though it was cancelled',
      [received('a'), set('t'), cancelled('t'), came('t')],
      'is not open',
    ],
    ['an end that leaves a timer open', [received('a'), set('t'), completed], 'leaves timers t open'],
    ['a timer that is lost', [received('a'), set('t')], 'neither pending nor fired'],
  ])('finds %s', (_what, events, why) => {
    const found = checkProcesses(logOf(events), { pending: new Set() });
    expect(found.map(({ text }) => text).join('\n')).toContain(why);
    expect(new Set(found.map(({ invariant }) => invariant))).toEqual(new Set(['I9']));
  });

  test('finds no fault with an open timer that is pending', () => {
    expect(checkProcesses(logOf([received('a'), set('t')]), { pending: new Set(['t']) })).toEqual([]);
  });
});
