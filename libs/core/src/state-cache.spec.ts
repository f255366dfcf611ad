import { expect, test } from '@jest/globals';
import { StateCache } from './state-cache.js';

test('a state is kept by its stream', () => {
  const cache = new StateCache(2);
  cache.set('a', { state: 'A', version: 1 });
  expect(cache.get('a')).toEqual({ state: 'A', version: 1 });
  expect(cache.get('b')).toBeUndefined();
});

test('a later version replaces an earlier one, and never the other way', () => {
  const cache = new StateCache(2);
  cache.set('a', { state: 'new', version: 2 });
  cache.set('a', { state: 'old', version: 1 });
  expect(cache.get('a')).toEqual({ state: 'new', version: 2 });
  cache.set('a', { state: 'newest', version: 3 });
  expect(cache.get('a')).toEqual({ state: 'newest', version: 3 });
});

test('over the limit, the least recently used state goes', () => {
  const cache = new StateCache(2);
  for (const stream of ['a', 'b']) cache.set(stream, { state: stream, version: 1 });
  cache.get('a');
  cache.set('c', { state: 'c', version: 1 });
  expect(['a', 'b', 'c'].filter((stream) => cache.get(stream))).toEqual(['a', 'c']);
});

test('a deleted state is gone', () => {
  const cache = new StateCache(2);
  cache.set('a', { state: 'A', version: 5 });
  cache.delete('a');
  cache.set('a', { state: 'older', version: 1 });
  expect(cache.get('a')).toEqual({ state: 'older', version: 1 });
});

test('a cache for no streams keeps none', () => {
  const cache = new StateCache(0);
  cache.set('a', { state: 'A', version: 1 });
  expect(cache.get('a')).toBeUndefined();
});
