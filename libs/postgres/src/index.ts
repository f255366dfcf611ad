export { postgresDatabase, type PostgresDatabase, type PostgresOptions } from './database.js';
export type { ListedProcess } from './processes.js';
export { postgresLog, type PostgresLog, type PostgresLogOptions } from './postgres-log.js';
export { postgresTopics, type PostgresTopics, type PostgresTopicsOptions } from './postgres-topics.js';
export type { Tx } from './connection.js';
export { APP_ROLE, OWNER_ROLE, READ_ROLE } from './roles.js';
