// The domain: for tests that need no HTTP.
export { SupplierInbox, Wanted } from './supplier-inbox.js';

// The service in a Nest application.
export { ReplenishmentModule, type ReplenishmentOptions } from './replenishment.module.js';
