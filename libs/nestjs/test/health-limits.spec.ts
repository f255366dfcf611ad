import { describe, expect, it } from '@jest/globals';
import type { ServiceStatus } from '@logfold/core';
import { InvalidConfiguration } from '../src/index.js';
import { LogfoldHealthModule } from '../src/health.js';
import { healthOf, reasonsOf } from '../src/health-report.js';

const status: ServiceStatus = {
  service: 'desk',
  runners: [
    { name: 'notes v1', state: 'failed', error: new TypeError('CANARY') },
    { name: 'relay', state: 'retrying', error: new RangeError('CANARY') },
  ],
  subscriptions: [
    { subscription: 'notes v1', source: 'desk', behind: { positions: 7n, seconds: 61.04 } },
    { subscription: 'copies v1', source: 'office.copy', behind: undefined },
  ],
  relay: { positions: 3n, seconds: 5 },
  parked: [{ subscription: 'picky', keys: 1, events: 2, oldestSeconds: 90 }],
  inFlight: { positions: 0n, seconds: 0 },
  timersDue: 0,
  rebuilds: [],
  unreachable: [{ source: 'office.copy', error: new Error('CANARY') }],
};

describe('The health of a service', () => {
  it('tells all that is known, and no text of an error', () => {
    const health = healthOf(status);
    expect(health).toEqual({
      service: 'desk',
      database: 'up',
      loops: [
        { name: 'notes v1', state: 'failed', error: 'TypeError' },
        { name: 'relay', state: 'retrying', error: 'RangeError' },
      ],
      subscriptions: [
        { name: 'notes v1', source: 'desk', lagSeconds: 61, behind: 7 },
        { name: 'copies v1', source: 'office.copy' },
      ],
      relayLagSeconds: 5,
      parked: [{ name: 'picky', keys: 1, events: 2, oldestSeconds: 90 }],
      unreachableTopics: ['office.copy'],
    });
  });

  it('is bad for a loop that gave up, whatever the limits; not for lag, brokers or parked events without one', () => {
    expect(reasonsOf(healthOf(status), {})).toEqual(['"notes v1" of "desk" gave up: TypeError']);
  });

  it('is bad for each limit that is passed', () => {
    const reasons = reasonsOf(healthOf(status), { maxLagSeconds: 60, maxRelayLagSeconds: 4, maxParkedSeconds: 89 });
    expect(reasons.slice(1)).toEqual([
      '"notes v1" of "desk" is 61 s behind "desk", 60 at most',
      'The relay of "desk" is 5 s behind, 4 at most',
      '"picky" of "desk" has events parked for 90 s, 89 at most',
    ]);
    const limits = { maxLagSeconds: 61, maxRelayLagSeconds: 5, maxParkedSeconds: 90 };
    expect(reasonsOf(healthOf(status), limits)).toHaveLength(1);
  });
});

describe('Limits that are none', () => {
  it.each([
    [{ maxLagSeconds: 0 }, /"maxLagSeconds" is 0, it must be a number above 0/],
    [{ timeoutMs: Number.NaN }, /"timeoutMs" is null/],
    [{ maxParkedSeconds: '60' as never }, /"maxParkedSeconds" is "60"/],
    [{ path: '' }, /"path" is "", it must be one such as 'health'/],
  ])('are refused at once: %j', (options, message) => {
    expect(() => LogfoldHealthModule.forRoot(options)).toThrow(InvalidConfiguration);
    expect(() => LogfoldHealthModule.forRoot(options)).toThrow(message);
  });
});
