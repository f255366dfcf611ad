import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Logfold, Rebuild, ServiceStatus } from '@logfold/core';
import { telemetry } from '../src/index.js';
import { testSdk, type TestSdk } from '../../../test/support/telemetry/sdk.js';

const nothing: ServiceStatus = {
  service: 'depot',
  runners: [],
  subscriptions: [],
  inFlight: { positions: 0n, seconds: 0 },
  relay: undefined,
  parked: [],
  timersDue: 0,
  rebuilds: [],
  unreachable: [],
};

let sdk: TestSdk;
let status: ServiceStatus;
let end: () => void;
beforeEach(() => {
  sdk = testSdk();
  status = nothing;
  end = telemetry().observe({ database: { service: 'depot' }, status: async () => status } as Logfold);
});
afterEach(async () => {
  end();
  await sdk.end();
});

describe('What was told of a service', () => {
  it('is none when the relay has gone to another process', async () => {
    status = { ...nothing, relay: { positions: 7n, seconds: 120 } };
    expect([await sdk.sum('logfold.relay.lag'), await sdk.sum('logfold.relay.behind')]).toEqual([120, 7]);
    status = nothing;
    expect([await sdk.sum('logfold.relay.lag'), await sdk.sum('logfold.relay.behind')]).toEqual([0, 0]);
  });

  it('is none of a rebuild that is over', async () => {
    const progress = { events: 10, done: 0.25, eventsPerSecond: 100, rows: 1 };
    status = { ...nothing, rebuilds: [{ name: 'stock', version: 2, progress } as Rebuild] };
    const told = async () => [await sdk.sum('logfold.rebuild.progress'), await sdk.sum('logfold.rebuild.rate')];
    expect(await told()).toEqual([0.25, 100]);
    status = nothing;
    expect(await told()).toEqual([0, 0]);
  });

  it('tells of a topic that could never be asked that it is down, and that it is up when it can', async () => {
    status = { ...nothing, unreachable: [{ source: 'shop.order', error: new Error('down') }] };
    expect([...(await sdk.values('logfold.source.up')).values()]).toEqual([0]);
    const subscription = { subscription: 'a', source: 'shop.order', behind: undefined };
    status = { ...nothing, subscriptions: [subscription, { ...subscription, source: 'depot' }] };
    expect([...(await sdk.values('logfold.source.up')).values()]).toEqual([1]); // of its own log nothing is told
  });
});
