import type { Counter, Histogram, Meter, UpDownCounter } from '@opentelemetry/api';

/** What Logfold counts and measures as it happens. Durations are in seconds. */
export interface Instruments {
  readonly commandDuration: Histogram;
  readonly commandsWaiting: UpDownCounter;
  readonly appendDuration: Histogram;
  readonly appended: Counter;
  readonly sendDuration: Histogram;
  readonly sent: Counter;
  readonly relaySessions: Counter;
  readonly handled: Counter;
  readonly handleDuration: Histogram;
  readonly latency: Histogram;
  readonly failures: Counter;
  readonly alarms: Counter;
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60];

/** Made once: nothing is counted where no SDK was registered before. */
export function instrumentsOf(meter: Meter): Instruments {
  const advice = { explicitBucketBoundaries: SECONDS };
  const seconds = (name: string, description: string): Histogram =>
    meter.createHistogram(name, { description, unit: 's', advice });
  return {
    commandDuration: seconds('logfold.command.duration', 'From a command to its answer'),
    commandsWaiting: meter.createUpDownCounter('logfold.commands.waiting', {
      description: 'Commands that have no answer yet: in mailboxes, or being decided',
      unit: '{command}',
    }),
    appendDuration: seconds('logfold.append.duration', 'From an append to its acknowledgement'),
    appended: meter.createCounter('logfold.events.appended', { description: 'Events appended', unit: '{event}' }),
    sendDuration: seconds('messaging.client.operation.duration', 'A transaction of the relay, from begin to commit'),
    sent: meter.createCounter('messaging.client.sent.messages', {
      description: 'Records that the relay has committed',
      unit: '{message}',
    }),
    relaySessions: meter.createCounter('logfold.relay.sessions', {
      description: 'Producers that the relay has begun: one after each error',
      unit: '{session}',
    }),
    handled: meter.createCounter('logfold.events.handled', {
      description: 'Events given to a handler that returned; rarely again, when the commit failed',
      unit: '{event}',
    }),
    handleDuration: seconds('messaging.process.duration', 'A batch in the handler of a subscription'),
    latency: seconds('logfold.event.latency', 'From the append of the last event of a batch to its handler'),
    failures: meter.createCounter('logfold.handler.failures', {
      description: 'Batches whose handler threw',
      unit: '{batch}',
    }),
    alarms: meter.createCounter('logfold.source.alarms', {
      description: 'What a reader of topics met beside errors: gaps, foreign records',
      unit: '{alarm}',
    }),
  };
}
