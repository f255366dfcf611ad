import { describe, expect, test } from '@jest/globals';
import { eventually } from '@logfold/testing';
import { PATIENCE, withRebuildingShop, type RebuildingShop } from './support/rebuilding-shop.js';

const LONG_MS = 240_000;
const POINTS = ['mid-copy', 'after-copy', 'before-attach', 'after-attach', 'mid-verify', 'mid-switch'];
const FROZEN = ['mid-copy', 'before-attach', 'mid-verify', 'mid-switch'];
const ALL_POINTS = ['after-create', ...POINTS, 'after-switch'];
const sweeping = process.env['LOGFOLD_SWEEP'] === 'all';

// While a log is written to, readers poll the rows and the view of a read model: they see neither a missing nor a half
// built table, nor an older state than before. Each has a log of its own, and mostly waits: so several run at once.
describe('A rebuild', () => {
  test.concurrent.each(sweeping ? ALL_POINTS : POINTS)(
    'of a new version, beside the process of the old one, goes on in a successor when its builder is killed at rebuild.%s',
    (point) =>
      withRebuildingShop(async (shop) => {
        const old = shop.start(1);
        await shop.expectFold(1);
        const victim = shop.start(2, armed(point, 'kill'));
        await eventually(() => expect(victim.process.signalCode).toBe('SIGKILL'), PATIENCE);
        shop.start(2);
        await shop.reaches(2, 'switched');
        await shop.expectFold(1);
        await shop.expectFold(2);
        expect(old.process.exitCode).toBeNull();
        await shop.expectAllRight([1, 2]);
      }),
    LONG_MS,
  );

  test.concurrent.each(sweeping ? ALL_POINTS : FROZEN)(
    'of the live version ends well when its builder freezes at rebuild.%s beyond its lease, is overtaken, wakes and takes over again',
    (point) =>
      withRebuildingShop(async (shop) => {
        const frozen = shop.start(1, armed(point, 'freeze'));
        await shop.requestRebuild();
        await eventually(() => expect(frozen.isFrozen()).toBe(true), PATIENCE);
        await overtakenAndWoken(shop, 1, frozen);
        await shop.expectAllRight([1]);
      }),
    LONG_MS,
  );

  test.concurrent.each(['kill', 'freeze'] as const)(
    'of a new version is right when the process that feeds the old one stops by "%s" in the middle of a batch meanwhile',
    (effect) =>
      withRebuildingShop(async (shop) => {
        const feeder = shop.start(1, `subscription.before-commit=${effect}@20`);
        await eventually(
          () => expect(effect === 'kill' ? feeder.process.signalCode : feeder.isFrozen()).toBeTruthy(),
          PATIENCE,
        );
        shop.start(2);
        shop.start(1);
        await shop.reaches(2, 'switched');
        if (effect === 'freeze') feeder.process.kill('SIGCONT');
        await shop.expectFold(1);
        await shop.expectFold(2);
        await shop.expectAllRight([1, 2]);
      }),
    LONG_MS,
  );
});

/** Another process ends the rebuild; then the frozen one wakes, and goes on alone when the other is killed. */
async function overtakenAndWoken(
  shop: RebuildingShop,
  version: number,
  frozen: ReturnType<RebuildingShop['start']>,
): Promise<void> {
  const successor = shop.start(version);
  await shop.reaches(version, 'switched');
  await shop.expectFold(version);
  frozen.process.kill('SIGCONT');
  await shop.expectFold(version);
  await successor.end();
  await shop.expectFold(version);
}

function armed(point: string, effect: 'kill' | 'freeze'): string {
  const [name, hit = '1'] = point.split('@');
  return `rebuild.${name}=${effect}@${hit}`;
}
