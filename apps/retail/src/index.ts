// What holds between the services, for tests.
export { Identities, type Ledger } from './identities.js';
