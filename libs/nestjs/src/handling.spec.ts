import { describe, expect, it } from '@jest/globals';
import type { Recorded } from '@logfold/core';
import { Handling } from './handling.js';

describe('the handling of an event', () => {
  it('ends after what was included, and after what that included', async () => {
    const { handling, ended, later } = given();
    await handling.run(async () => {
      handling.include(
        later('first').then(() => {
          handling.include(later('second'));
        }),
      );
      ended.push('handler');
    });
    expect(ended).toEqual(['handler', 'first', 'second']);
  });

  it('ends after what was included also when the handler throws', async () => {
    const { handling, ended, later } = given();
    const run = handling.run(async () => {
      handling.include(later('included'));
      throw new TypeError('handler');
    });
    await expect(run).rejects.toThrow('handler');
    expect(ended).toEqual(['included']);
  });

  it('fails with what was included', async () => {
    const { handling } = given();
    const run = handling.run(async () => {
      handling.include(Promise.reject(new TypeError('included')));
    });
    await expect(run).rejects.toThrow('included');
  });

  it('includes nothing once it has ended', async () => {
    const { handling } = given();
    await handling.run(async () => {});
    expect(handling.include(Promise.resolve())).toBe(false);
  });
});

function given() {
  const ended: string[] = [];
  const event = { metadata: { correlationId: 'c', causationId: 'c' } } as unknown as Recorded;
  const later = async (what: string): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    ended.push(what);
  };
  return { handling: new Handling('desk', event, {}), ended, later };
}
