import { expect, it } from '@jest/globals';
import { TransactionRoom } from './transaction-room.js';

it('is halved by what failed, and never less than what surely gets through', () => {
  const room = new TransactionRoom();
  const most = room.bytes;
  room.failed(2_000_000);
  expect(room.bytes).toBe(1_000_000);
  room.failed(9_000_000);
  expect(room.bytes).toBe(500_000);
  for (let n = 0; n < 20; n++) room.failed(room.bytes);
  expect(room.bytes).toBeGreaterThan(10_000);
  expect(room.bytes).toBeLessThan(most / 100);
});

it('is not blamed for a failure before anything was sent', () => {
  const room = new TransactionRoom();
  const before = room.bytes;
  room.failed(0);
  expect(room.bytes).toBe(before);
});

it('comes back when all goes well for a while, and no further than it was', () => {
  const room = new TransactionRoom();
  const most = room.bytes;
  room.failed(1_000_000);
  for (let n = 0; n < 50; n++) room.committed();
  expect(room.bytes).toBe(500_000);
  for (let n = 0; n < 2_000; n++) room.committed();
  expect(room.bytes).toBe(most);
});
