export { postgresDatabase, type PostgresDatabase, type PostgresOptions } from './database.js';
export type { Tx } from './connection.js';
export { APP_ROLE, OWNER_ROLE, READ_ROLE } from './roles.js';
