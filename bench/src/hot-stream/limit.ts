import type { Sql } from 'postgres';
import { order, PIECES, refuseOversold, type Reserving } from './workload.js';

/** The limit: a transaction that locks the row, looks, and writes. */
export async function reserveLocked(sql: Sql): Promise<Reserving> {
  await sql.unsafe(`
    CREATE SCHEMA plain;
    CREATE TABLE plain.stock (sku text PRIMARY KEY, free bigint NOT NULL) WITH (fillfactor = 50);
    CREATE TABLE plain.reservations (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, sku text NOT NULL, quantity bigint NOT NULL)`);
  await sql`INSERT INTO plain.stock VALUES ('hot', ${PIECES})`;
  let accepted = 0;
  return {
    async reserve() {
      const quantity = order();
      const done = await sql.begin(async (tx) => {
        const [row] = await tx`SELECT free FROM plain.stock WHERE sku = 'hot' FOR UPDATE`;
        if (Number(row!['free']) < quantity) return false;
        await tx`UPDATE plain.stock SET free = free - ${quantity} WHERE sku = 'hot'`;
        await tx`INSERT INTO plain.reservations (sku, quantity) VALUES ('hot', ${quantity})`;
        return true;
      });
      if (done) accepted++;
    },
    async check() {
      const [row] =
        await sql`SELECT count(*) AS stored, coalesce(sum(quantity), 0) AS reserved FROM plain.reservations`;
      refuseOversold('FOR UPDATE', {
        accepted,
        stored: Number(row!['stored']),
        reserved: Number(row!['reserved']),
      });
    },
  };
}
