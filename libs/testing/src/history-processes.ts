import { isProcessEvent, type Recorded } from '@logfold/core';
import { anomaly, type Anomaly } from './history-anomaly.js';

/** The log of a service that runs process managers. */
export interface ProcessDump {
  /** All of it, in the order of positions. */
  readonly events: readonly Recorded[];
  /** The ids of the timers that are set; unless given, what is open is not looked for there. */
  readonly pending?: ReadonlySet<string>;
}

/**
 * I9: an instance of a process manager ends once, everything that it was told counted once, and no timer is lost.
 */
export function checkProcesses(
  events: ProcessDump['events'],
  { pending }: Pick<ProcessDump, 'pending'> = {},
): Anomaly[] {
  const instances = new Map<string, Told>();
  const found: Anomaly[] = [];
  const sent = new Set<string>();
  const answered = new Set<string>();
  const fired = new Set<string>();
  for (const event of events) {
    if (!isProcessEvent(event)) continue;
    const wrong = (why: string): void => {
      found.push(anomaly('duplicate', 'I9', event.stream, [event as Recorded], why));
    };
    if (event.type === 'logfold.TimerFired') {
      if (fired.has(event.data.timerId)) wrong(`fires timer ${event.data.timerId} again`);
      fired.add(event.data.timerId);
      continue;
    }
    if (event.type === 'logfold.CommandRejected') {
      const { commandId } = event.data;
      if (answered.has(commandId)) wrong(`answers command ${commandId} again`);
      if (!sent.has(commandId)) wrong(`answers command ${commandId}, which nobody sent`);
      answered.add(commandId);
      continue;
    }
    const told = instances.get(event.stream) ?? new Told();
    instances.set(event.stream, told);
    if (told.ended) wrong('came after the end of its process');
    switch (event.type) {
      case 'logfold.EventReceived':
        if (!told.once(event.data.event.id)) wrong(`received event ${event.data.event.id} again`);
        break;
      case 'logfold.RejectionReceived':
        if (!told.once(event.data.commandId)) wrong(`heard again that command ${event.data.commandId} was rejected`);
        break;
      case 'logfold.CommandSent':
        sent.add((event as Recorded).id);
        break;
      case 'logfold.TimerSet':
        told.timers.add(event.data.timerId);
        break;
      case 'logfold.TimerCancelled':
      case 'logfold.TimeoutReceived':
        if (!told.timers.delete(event.data.timerId)) wrong(`ends timer ${event.data.timerId}, which is not open`);
        break;
      case 'logfold.ProcessCompleted':
        if (told.timers.size > 0) wrong(`leaves timers ${[...told.timers].join(', ')} open`);
        told.ended = true;
    }
  }
  if (pending)
    for (const [stream, { timers }] of instances)
      for (const id of timers)
        if (!pending.has(id) && !fired.has(id))
          found.push(
            anomaly('lost-write', 'I9', stream, [{ id }], 'is a timer that is open, but neither pending nor fired'),
          );
  return found;
}

/** What an instance was told so far. */
class Told {
  readonly timers = new Set<string>();
  ended = false;
  readonly #inputs = new Set<string>();

  /** False when it was told before. */
  once(id: string): boolean {
    if (this.#inputs.has(id)) return false;
    this.#inputs.add(id);
    return true;
  }
}
