import type { BatchObservableCallback, Meter, Observable, ObservableGauge } from '@opentelemetry/api';
import type { Logfold, ServiceStatus } from '@logfold/core';

type Told = (gauge: Observable, value: number, attributes?: Record<string, string>) => void;

/** What is looked up when metrics are collected. */
interface Gauges {
  readonly fenceAge: ObservableGauge;
  readonly fenceBehind: ObservableGauge;
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
    fenceAge: gauge('logfold.fence.age', 's', 'How long readers have waited for an append that is not committed'),
    fenceBehind: gauge('logfold.fence.behind', '{position}', 'Positions drawn that may still be committed'),
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

/**
 * Tells how far a service is whenever metrics are collected, until the answer is called. What was told once is told again, as
 * 0 when it is over: an SDK repeats the last value of what it hears no more of, and the lag of a relay that another process
 * has taken over would stand for ever.
 */
export function observeService(service: Logfold, meter: Meter): () => void {
  const gauges = gaugesOf(meter);
  const rebuilt = new Set<string>();
  const all: Observable[] = Object.values(gauges);
  const callback: BatchObservableCallback = async (result) => {
    const about = { 'logfold.service': service.database.service };
    const tell: Told = (gauge, value, more) => result.observe(gauge, value, { ...about, ...more });
    try {
      const status = await service.status();
      tell(gauges.databaseUp, 1);
      tellStatus(status, gauges, tell);
      tellRebuilds(status, gauges, tell, rebuilt);
    } catch {
      tell(gauges.databaseUp, 0);
    }
  };
  meter.addBatchObservableCallback(callback, all);
  return () => meter.removeBatchObservableCallback(callback, all);
}

function tellStatus(status: ServiceStatus, gauges: Gauges, tell: Told): void {
  tell(gauges.fenceAge, status.inFlight.seconds);
  tell(gauges.fenceBehind, Number(status.inFlight.positions));
  tellSources(status, gauges, tell);
  for (const { subscription, source, behind } of status.subscriptions) {
    const of = { 'logfold.subscription': subscription, 'logfold.source': source };
    if (!behind) continue;
    tell(gauges.lag, behind.seconds, of);
    tell(gauges.behind, Number(behind.positions), of);
  }
  tell(gauges.relayLag, status.relay?.seconds ?? 0);
  tell(gauges.relayBehind, Number(status.relay?.positions ?? 0n));
  const parked = new Map(status.parked.map((each) => [each.subscription, each]));
  for (const name of new Set(status.subscriptions.map(({ subscription }) => subscription))) {
    const { keys = 0, events = 0, oldestSeconds = 0 } = parked.get(name) ?? {};
    const of = { 'logfold.subscription': name };
    tell(gauges.parkedKeys, keys, of);
    tell(gauges.parkedEvents, events, of);
    tell(gauges.parkedAge, oldestSeconds, of);
  }
  tell(gauges.timersDue, status.timersDue);
  for (const state of ['retrying', 'failed'] as const) {
    const runners = status.runners.filter((runner) => runner.state === state);
    tell(gauges.runnersNotRunning, runners.length, { 'logfold.runner.state': state });
  }
}

/** One that has never answered has no subscription that has begun. */
function tellSources({ service, subscriptions, unreachable }: ServiceStatus, { sourcesUp }: Gauges, tell: Told): void {
  const down = new Set(unreachable.map(({ source }) => source));
  const all = new Set([...down, ...subscriptions.map(({ source }) => source)]);
  for (const source of all)
    if (source !== service) tell(sourcesUp, down.has(source) ? 0 : 1, { 'logfold.source': source });
}

/** @param rebuilt the versions that were told of so far */
function tellRebuilds({ rebuilds }: ServiceStatus, gauges: Gauges, tell: Told, rebuilt: Set<string>): void {
  const underWay = new Map(rebuilds.map(({ name, version, progress }) => [`${name} v${version}`, progress]));
  for (const version of underWay.keys()) rebuilt.add(version);
  for (const version of rebuilt) {
    const { done = 0, eventsPerSecond = 0 } = underWay.get(version) ?? {};
    tell(gauges.rebuildProgress, done, { 'logfold.read_model': version });
    tell(gauges.rebuildRate, eventsPerSecond, { 'logfold.read_model': version });
  }
}
