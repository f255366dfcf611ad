import { describe, expect, it } from '@jest/globals';
import { Delivery, type Ending } from './delivery.js';

describe('A delivery', () => {
  it('ends as handled when all of it was', async () => {
    const delivery = made();
    delivery.hold();
    delivery.release();
    delivery.finish();

    expect(await delivery.ended).toEqual({ handled: true });
  });

  it('ends at once when its partition is taken away', async () => {
    const delivery = made();
    delivery.drop(new TypeError('rebalancing'));

    expect(delivery.dropped).toBe(true);
    expect(await delivery.ended).toEqual({ handled: false, error: new TypeError('rebalancing') });
  });

  it('ends no sooner than what is being handled of it', async () => {
    const delivery = made();
    let ending: Ending | undefined;
    void delivery.ended.then((each) => (ending = each));
    delivery.hold();
    delivery.drop();
    await Promise.resolve();
    expect(ending).toBeUndefined();

    delivery.release();

    expect(await delivery.ended).toEqual({ handled: false });
  });

  it('ends while something of it is held, when nobody will release it', async () => {
    const delivery = made();
    delivery.hold();
    delivery.abandon();

    expect(await delivery.ended).toEqual({ handled: false });
  });

  it('keeps the first reason', async () => {
    const delivery = made();
    delivery.hold();
    delivery.drop('first');
    delivery.drop('second');
    delivery.release();
    delivery.finish();

    expect(await delivery.ended).toEqual({ handled: false, error: 'first' });
  });
});

function made(): Delivery {
  return new Delivery(0, [], 1n, false, async () => {});
}
