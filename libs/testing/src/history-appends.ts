import { anomaly, type Anomaly } from './history-anomaly.js';
import type { LoggedEvent } from './history.js';
import type { AppendOperation, Operation } from './history-operation.js';

/** I1 and I2: what was acknowledged is stored as it was answered, what was refused is not, versions have no holes. */
export function checkAppends(history: readonly Operation[], events: readonly LoggedEvent[]): Anomaly[] {
  const stored = new Map(events.flatMap((event) => [event.id, event.chosenId ?? event.id].map((id) => [id, event])));
  const appends = history.filter((operation): operation is AppendOperation => operation.op === 'append');
  return [
    ...appends.flatMap((append) => checkAppend(append, stored)),
    ...checkAnswers(appends),
    ...checkIds(events),
    ...checkVersions(events),
    ...checkPositions(events),
  ];
}

function checkAppend(append: AppendOperation, stored: ReadonlyMap<string, LoggedEvent>): Anomaly[] {
  const { type, stream, ids } = append;
  if (type === 'invoke' || ids.length === 0) return [];
  const there = ids.flatMap((id) => stored.get(id) ?? []);
  const missing = ids.filter((id) => !stored.has(id)).map((id) => ({ id }));
  if (type === 'fail')
    return there.length > 0 ? [anomaly('aborted-read', 'I1', stream, there, 'are stored, but were refused')] : [];
  if (type === 'ok' && missing.length > 0)
    return [anomaly('lost-write', 'I1', stream, missing, 'were acknowledged, but are not stored')];
  if (missing.length > 0 && there.length > 0)
    return [anomaly('torn-append', 'I1', stream, missing, 'are not stored, though others of the same append are')];
  return there.length > 0 ? checkPlace(append, there) : [];
}

/** The events of an append stand in its stream, one behind the other, where they were expected and answered to be. */
function checkPlace(
  { stream, expected, version, position }: AppendOperation,
  there: readonly LoggedEvent[],
): Anomaly[] {
  const wrong = (why: string): Anomaly[] => [anomaly('wrong-version', 'I2', stream, there, why)];
  const first = there[0]!.version;
  const last = there.at(-1)!;
  if (there.some((event, index) => event.stream !== stream || event.version !== first + index))
    return wrong('do not stand in their stream one behind the other');
  const before = first - 1;
  const met = typeof expected === 'number' ? before === expected : expected === 'none' ? before === 0 : true;
  if (!met || (expected === 'exists' && before === 0))
    return wrong(`were appended to version ${before}, expected ${expected}`);
  if (version !== undefined && last.version !== version)
    return wrong(`end at ${last.version}, answered was ${version}`);
  if (position !== undefined && last.position !== position)
    return wrong(`were answered to end at position ${position}`);
  return [];
}

/** No event was stored for two appends. */
function checkAnswers(appends: readonly AppendOperation[]): Anomaly[] {
  const answered = new Map<string, AppendOperation>();
  const found: Anomaly[] = [];
  for (const append of appends.filter(({ type }) => type === 'ok'))
    for (const id of append.ids) {
      if (answered.has(id)) found.push(anomaly('duplicate', 'I1', append.stream, [{ id }], 'was acknowledged twice'));
      answered.set(id, append);
    }
  return found;
}

function checkIds(events: readonly LoggedEvent[]): Anomaly[] {
  const seen = new Set<string>();
  return events.flatMap((event) => {
    const again = seen.has(event.id);
    seen.add(event.id);
    return again ? [anomaly('duplicate', 'I1', event.stream, [event], 'is stored twice')] : [];
  });
}

function checkVersions(events: readonly LoggedEvent[]): Anomaly[] {
  const versions = new Map<string, number>();
  return events.flatMap((event) => {
    const expected = (versions.get(event.stream) ?? 0) + 1;
    versions.set(event.stream, event.version);
    if (event.version === expected) return [];
    return [anomaly('wrong-version', 'I2', event.stream, [event], `has version ${event.version}, not ${expected}`)];
  });
}

function checkPositions(events: readonly LoggedEvent[]): Anomaly[] {
  return events.flatMap((event, index) => {
    const before = events[index - 1];
    if (!before || before.position < event.position) return [];
    return [
      anomaly('nonmonotonic-poll', 'I2', 'the log', [before, event], 'do not stand in the order of their positions'),
    ];
  });
}
