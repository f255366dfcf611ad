import { LogfoldError, type ServiceStatus } from '@logfold/core';

/** When a process is not ready. */
export interface HealthLimits {
  /** A subscription that is further behind makes all processes of the service unready; without it none does. */
  readonly maxLagSeconds?: number;
  /** The same for the relay. */
  readonly maxRelayLagSeconds?: number;
  /** The same for the oldest parked event. */
  readonly maxParkedSeconds?: number;
  /** How long the database may take to answer, in milliseconds; 2,000 unless given. */
  readonly timeoutMs?: number;
}

/** How the services of a process are. Holds names and numbers, no text of errors. */
export interface HealthReport {
  /** `up`: send requests · `down`: send none. */
  readonly status: 'up' | 'down';
  readonly services: readonly ServiceHealth[];
  /** Why it is down, a sentence each. */
  readonly reasons: readonly string[];
}

/** How one service is. */
export interface ServiceHealth {
  readonly service: string;
  /** `down` with the code of the error when it did not answer: then nothing else is known. */
  readonly database: 'up' | 'down';
  readonly error?: string;
  readonly loops: readonly LoopHealth[];
  readonly subscriptions: readonly SubscriptionHealth[];
  readonly relayLagSeconds?: number;
  readonly parked: readonly ParkedHealth[];
  /** Topics of others that could not be asked; what comes from there waits, all else goes on. */
  readonly unreachableTopics: readonly string[];
}

/** A loop of this process. */
export interface LoopHealth {
  readonly name: string;
  readonly state: 'stopped' | 'running' | 'retrying' | 'failed';
  /** The code of the error that it met. */
  readonly error?: string;
}

/** How far a subscription is behind; undefined where it cannot be told. */
export interface SubscriptionHealth {
  readonly name: string;
  readonly source: string;
  readonly lagSeconds?: number;
  readonly behind?: number;
}

/** What is parked of a subscription. */
export interface ParkedHealth {
  readonly name: string;
  readonly keys: number;
  readonly events: number;
  readonly oldestSeconds: number;
}

/** The health of a service from its status. */
export function healthOf(status: ServiceStatus): ServiceHealth {
  return {
    service: status.service,
    database: 'up',
    loops: status.runners.map(({ name, state, error }) => ({
      name,
      state,
      ...(error === undefined || state === 'running' ? {} : { error: codeOf(error) }),
    })),
    subscriptions: status.subscriptions.map(({ subscription: name, source, behind }) => ({
      name,
      source,
      ...(behind ? { lagSeconds: tenths(behind.seconds), behind: Number(behind.positions) } : {}),
    })),
    ...(status.relay ? { relayLagSeconds: tenths(status.relay.seconds) } : {}),
    parked: status.parked.map(({ subscription: name, keys, events, oldestSeconds }) => ({
      name,
      keys,
      events,
      oldestSeconds: tenths(oldestSeconds),
    })),
    unreachableTopics: status.unreachable.map(({ source }) => source),
  };
}

/** The health of a service whose database did not answer. */
export function healthWithout(service: string, error: unknown): ServiceHealth {
  const nothing = { loops: [], subscriptions: [], parked: [], unreachableTopics: [] };
  return { service, database: 'down', error: codeOf(error), ...nothing };
}

/** Why requests should go elsewhere: a sentence each. */
export function reasonsOf(health: ServiceHealth, limits: HealthLimits): string[] {
  const { service } = health;
  const { maxLagSeconds = Infinity, maxRelayLagSeconds = Infinity, maxParkedSeconds = Infinity } = limits;
  const reasons: string[] = [];
  if (health.database === 'down') reasons.push(`The database of "${service}" does not answer: ${health.error}`);
  for (const { name, state, error } of health.loops)
    if (state === 'failed') reasons.push(`"${name}" of "${service}" gave up: ${error}`);
  for (const { name, source, lagSeconds = 0 } of health.subscriptions)
    if (lagSeconds > maxLagSeconds)
      reasons.push(`"${name}" of "${service}" is ${lagSeconds} s behind "${source}", ${maxLagSeconds} at most`);
  if ((health.relayLagSeconds ?? 0) > maxRelayLagSeconds)
    reasons.push(`The relay of "${service}" is ${health.relayLagSeconds} s behind, ${maxRelayLagSeconds} at most`);
  for (const { name, oldestSeconds } of health.parked)
    if (oldestSeconds > maxParkedSeconds)
      reasons.push(`"${name}" of "${service}" has events parked for ${oldestSeconds} s, ${maxParkedSeconds} at most`);
  return reasons;
}

function codeOf(error: unknown): string {
  return error instanceof LogfoldError ? error.code : error instanceof Error ? error.name : 'unknown';
}

function tenths(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}
