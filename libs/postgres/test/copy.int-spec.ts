import { expect, jest, test } from '@jest/globals';
import { Socket } from 'node:net';
import { eventually } from '@logfold/testing';
import { testDatabase } from '../../../test/support/database.js';
import { openClient, type Tx } from '../src/connection.js';
import { copyInto } from '../src/copy.js';

const SESSIONS = 20;

/** The first byte of CopyFail. The server ignores it behind the end of a COPY, and with it its clock for idle transactions. */
const COPY_FAIL = 'f'.charCodeAt(0);

// A client that freezes behind a COPY would else hold the locks of its transaction for ever.
test('The server ends a transaction that does nothing after its COPY', async () => {
  const { url, drop } = await testDatabase();
  const clients = Array.from({ length: SESSIONS }, () => openClient({ url, name: 'copying' }));
  const admin = openClient({ url, name: 'admin' });
  const sent = jest.spyOn(Socket.prototype, 'write');
  try {
    await admin.sql.unsafe('CREATE TABLE copied (n int)');
    await Promise.all(clients.map(({ sql }) => copyInIdleTransaction(sql as unknown as Tx)));
    await eventually(async () => {
      const held = await admin.sql`SELECT pid, query FROM pg_stat_activity WHERE application_name = 'copying'`;
      expect([...held]).toEqual([]);
    });
    expect(sent.mock.calls.filter(([data]) => Buffer.isBuffer(data) && data[0] === COPY_FAIL)).toEqual([]);
    expect((await admin.sql`SELECT count(*)::int AS n FROM copied`)[0]).toEqual({ n: 0 });
  } finally {
    sent.mockRestore();
    await Promise.all([admin, ...clients].map((client) => client.end(0)));
    await drop();
  }
});

async function copyInIdleTransaction(tx: Tx): Promise<void> {
  await tx.unsafe('BEGIN');
  await tx.unsafe(`SET LOCAL idle_in_transaction_session_timeout = '300ms'`);
  await copyInto(tx, 'copied', ['1\n2\n', '3\n']);
}
