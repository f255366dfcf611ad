import { expect, test } from '@jest/globals';
import type { Lease, Leases } from '@logfold/core';
import { eventually } from '../eventually.js';
import { contract, type OpenDatabase } from './harness.js';

/** Far longer than any test takes, and so short that it ends while a test waits. */
const LONG_MS = 600_000;
const SHORT_MS = 40;

/** What every keeper of leases does. */
export function leasesContract(name: string, open: OpenDatabase): void {
  contract(`${name}: leases`, open, (database) => {
    test('a free lease is taken by who asks first, and refused to others', async () => {
      const name = newName();
      expect(await database().leases.claim(name, 'ada', LONG_MS)).toMatchObject({ name, owner: 'ada' });
      expect(await database().leases.claim(name, 'bob', LONG_MS)).toBeUndefined();
    });

    test('its owner may claim it again, and its epoch stays', async () => {
      const name = newName();
      const lease = await claimed(database().leases, name, 'ada');
      expect(await database().leases.claim(name, 'ada', LONG_MS)).toEqual(lease);
    });

    test('of many who claim at once, exactly one gets it', async () => {
      const name = newName();
      const owners = Array.from({ length: 8 }, (_, index) => `owner ${index}`);
      const leases = await Promise.all(owners.map((owner) => database().leases.claim(name, owner, LONG_MS)));
      expect(leases.filter((lease) => lease !== undefined)).toHaveLength(1);
    });

    test('leases of different names do not touch each other', async () => {
      await claimed(database().leases, newName(), 'ada');
      expect(await database().leases.claim(newName(), 'bob', LONG_MS)).toBeDefined();
    });

    test('a lease that was given back is free at once, and the epoch rises with the owner', async () => {
      const name = newName();
      const lease = await claimed(database().leases, name, 'ada');
      await database().leases.release(lease);
      const next = await claimed(database().leases, name, 'bob');
      expect(next.epoch).toBeGreaterThan(lease.epoch);
    });

    test('the leases that are held are listed, those that were given back or have expired are not', async () => {
      const [held, released, expired] = [newName(), newName(), newName()];
      const lease = await claimed(database().leases, held, 'ada', LONG_MS);
      await database().leases.release(await claimed(database().leases, released, 'ada'));
      await claimed(database().leases, expired, 'ada', SHORT_MS);
      await eventually(async () => {
        const all = await database().leases.held();
        const ours = all.filter(({ name }) => [held, released, expired].includes(name));
        expect(ours).toEqual([lease]);
      });
    });

    test('a lease that was not renewed goes to another, and the epoch rises', async () => {
      const name = newName();
      const lease = await claimed(database().leases, name, 'ada', SHORT_MS);
      const next = await eventually(() => claimed(database().leases, name, 'bob'));
      expect(next.epoch).toBeGreaterThan(lease.epoch);
    });

    test('a renewed lease stays with its owner', async () => {
      const name = newName();
      const lease = await claimed(database().leases, name, 'ada', SHORT_MS);
      expect(await database().leases.renew(lease, LONG_MS)).toBe(true);
      const marker = newName();
      await claimed(database().leases, marker, 'ada', SHORT_MS);
      await eventually(() => claimed(database().leases, marker, 'bob')); // so long that the first time is over
      expect(await database().leases.claim(name, 'bob', LONG_MS)).toBeUndefined();
    });

    test('a lost lease can be neither renewed nor given back', async () => {
      const name = newName();
      const lost = await claimed(database().leases, name, 'ada', SHORT_MS);
      await eventually(() => claimed(database().leases, name, 'bob'));
      expect(await database().leases.renew(lost, LONG_MS)).toBe(false);
      await database().leases.release(lost);
      expect(await database().leases.claim(name, 'carol', LONG_MS)).toBeUndefined();
    });

    test('a lease of an older epoch is lost, though its owner holds the lease again', async () => {
      const name = newName();
      const old = await claimed(database().leases, name, 'ada', SHORT_MS);
      const between = await eventually(() => claimed(database().leases, name, 'bob'));
      await database().leases.release(between);
      const current = await claimed(database().leases, name, 'ada');
      expect(await database().leases.renew(old, LONG_MS)).toBe(false);
      expect(await database().leases.renew(current, LONG_MS)).toBe(true);
    });
  });
}

let names = 0;

function newName(): string {
  return `lease "${++names}" v1`;
}

async function claimed(leases: Leases, name: string, owner: string, ttlMs = LONG_MS): Promise<Lease> {
  const lease = await leases.claim(name, owner, ttlMs);
  expect(lease).toBeDefined();
  return lease!;
}
