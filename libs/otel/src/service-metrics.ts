import type { BatchObservableCallback, Meter, Observable, ObservableGauge } from '@opentelemetry/api';
import type { Logfold, ServiceStatus } from '@logfold/core';

type Told = (gauge: Observable, value: number, attributes?: Record<string, string>) => void;

/** What is looked up when metrics are collected. */
interface Gauges {
  readonly lag: ObservableGauge;
  readonly behind: ObservableGauge;
  readonly relayLag: ObservableGauge;
  readonly relayBehind: ObservableGauge;
  readonly parkedKeys: ObservableGauge;
  readonly parkedEvents: ObservableGauge;
  readonly parkedAge: ObservableGauge;
  readonly timersDue: ObservableGauge;
  readonly rebuildProgress: ObservableGauge;
  readonly rebuildRate: ObservableGauge;
  readonly runnersNotRunning: ObservableGauge;
  readonly databaseUp: ObservableGauge;
  readonly sourcesUp: ObservableGauge;
}

function gaugesOf(meter: Meter): Gauges {
  const gauge = (name: string, unit: string, description: string): ObservableGauge =>
    meter.createObservableGauge(name, { unit, description });
  return {
    lag: gauge('logfold.subscription.lag', 's', 'How long the first event that is not handled has waited'),
    behind: gauge('logfold.subscription.behind', '{position}', 'Positions that are not handled'),
    relayLag: gauge('logfold.relay.lag', 's', 'How long the first event that is not sent has waited'),
    relayBehind: gauge('logfold.relay.behind', '{position}', 'Positions that are not sent'),
    parkedKeys: gauge('logfold.parked.keys', '{key}', 'Keys that wait behind an event that could not be handled'),
    parkedEvents: gauge('logfold.parked.events', '{event}', 'Events that are parked'),
    parkedAge: gauge('logfold.parked.age', 's', 'Since the oldest was parked'),
    timersDue: gauge('logfold.timers.due', '{timer}', 'Timers that are due and have not fired'),
    rebuildProgress: gauge('logfold.rebuild.progress', '1', 'The part of the log that a rebuild has read'),
    rebuildRate: gauge('logfold.rebuild.rate', '{event}/s', 'How fast a rebuild reads'),
    runnersNotRunning: gauge('logfold.runners.not_running', '{runner}', 'Loops that try again or gave up'),
    databaseUp: gauge('logfold.database.up', '1', '1 when the database answered, else 0'),
    sourcesUp: gauge('logfold.source.up', '1', '1 when a topic of another service could be asked for its end, else 0'),
  };
}

/** Tells how far a service is whenever metrics are collected, until the answer is called. */
export function observeService(service: Logfold, meter: Meter): () => void {
  const gauges = gaugesOf(meter);
  const all: Observable[] = Object.values(gauges);
  const callback: BatchObservableCallback = async (result) => {
    const about = { 'logfold.service': service.database.service };
    const tell: Told = (gauge, value, more) => result.observe(gauge, value, { ...about, ...more });
    try {
      const status = await service.status();
      tell(gauges.databaseUp, 1);
      tellStatus(status, gauges, tell);
    } catch {
      tell(gauges.databaseUp, 0);
    }
  };
  meter.addBatchObservableCallback(callback, all);
  return () => meter.removeBatchObservableCallback(callback, all);
}

function tellStatus(status: ServiceStatus, gauges: Gauges, tell: Told): void {
  const unreachable = new Set(status.unreachable.map(({ source }) => source));
  for (const { subscription, source, behind } of status.subscriptions) {
    const of = { 'logfold.subscription': subscription, 'logfold.source': source };
    if (source !== status.service)
      tell(gauges.sourcesUp, unreachable.has(source) ? 0 : 1, { 'logfold.source': source });
    if (!behind) continue;
    tell(gauges.lag, behind.seconds, of);
    tell(gauges.behind, Number(behind.positions), of);
  }
  if (status.relay) {
    tell(gauges.relayLag, status.relay.seconds);
    tell(gauges.relayBehind, Number(status.relay.positions));
  }
  const parked = new Map(status.parked.map((each) => [each.subscription, each]));
  for (const name of new Set(status.subscriptions.map(({ subscription }) => subscription))) {
    const { keys = 0, events = 0, oldestSeconds = 0 } = parked.get(name) ?? {};
    const of = { 'logfold.subscription': name };
    tell(gauges.parkedKeys, keys, of);
    tell(gauges.parkedEvents, events, of);
    tell(gauges.parkedAge, oldestSeconds, of);
  }
  tell(gauges.timersDue, status.timersDue);
  for (const { name, version, progress } of status.rebuilds) {
    if (!progress) continue;
    const of = { 'logfold.read_model': `${name} v${version}` };
    tell(gauges.rebuildProgress, progress.done, of);
    tell(gauges.rebuildRate, progress.eventsPerSecond, of);
  }
  for (const state of ['retrying', 'failed'] as const) {
    const runners = status.runners.filter((runner) => runner.state === state);
    tell(gauges.runnersNotRunning, runners.length, { 'logfold.runner.state': state });
  }
}
