import type { Tx } from './connection.js';
import { sqlState } from './errors.js';

/** Owns the schema and its tables; migrations run as it. */
export const OWNER_ROLE = 'logfold_owner';

/** What services work as: appends and reads, changes no event. */
export const APP_ROLE = 'logfold_app';

/** For people and other tools: reads. */
export const READ_ROLE = 'logfold_read';

/**
 * Creates the roles that are missing, and lets the login act as them. Roles belong to the whole server: two databases
 * may be migrated at once, so "somebody else was faster" is no error.
 */
export async function ensureRoles(sql: Tx): Promise<void> {
  for (const role of [OWNER_ROLE, APP_ROLE, READ_ROLE]) {
    await unlessRaced(
      () => sql.unsafe(`CREATE ROLE ${role} NOLOGIN`),
      async () => {
        const [row] = await sql`SELECT 1 FROM pg_roles WHERE rolname = ${role}`;
        return row !== undefined;
      },
    );
    await unlessRaced(
      () => sql.unsafe(`GRANT ${role} TO CURRENT_USER`),
      async () => {
        const [row] = await sql`SELECT pg_has_role(current_user, ${role}, 'MEMBER') AS member`;
        return row!.member as boolean;
      },
    );
  }
}

async function unlessRaced(change: () => Promise<unknown>, done: () => Promise<boolean>): Promise<void> {
  for (let attempt = 1; !(await done()); attempt++) {
    try {
      await change();
    } catch (error) {
      // 42710, 23505: created meanwhile; XX000: "tuple concurrently updated"
      if (!['42710', '23505', 'XX000'].includes(sqlState(error) ?? '') || attempt === 10) throw error;
    }
  }
}
