// The domain: for tests that need no HTTP.
export { CatalogProducts } from './catalog-products.js';
export { Need, NeedCommands } from './need.js';
export { Purchase, PurchaseCommands } from './purchase.js';
export { PurchaseOrder, PurchaseOrders } from './purchase-orders.js';
export { Replenish } from './replenish.js';
export { SupplierInbox, Wanted } from './supplier-inbox.js';

// The service in a Nest application.
export { ReplenishmentModule, type ReplenishmentOptions } from './replenishment.module.js';
