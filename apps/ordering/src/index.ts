// The domain: for imports, simulations and tests that need no HTTP.
export { Order, type OrderState, type OrderStatus } from './order.js';
export { OrderCommands } from './order-commands.js';
export { Customer, CustomerCommands, CustomerEvents } from './customer.js';
export { Checkout } from './checkout.js';
export { OrderTracker, TrackedOrder } from './order-tracker.js';
export { Return, type ReturnState, type ReturnStatus } from './return.js';
export { ReturnCommands } from './return-commands.js';
export { TakeBack } from './take-back.js';
export { ReturnTracker, TrackedReturn } from './return-tracker.js';
export { DailySales, DaySales } from './daily-sales.js';
export { Seller, TopSellers } from './top-sellers.js';

// The service in a Nest application.
export { OrderingModule, type OrderingOptions } from './ordering.module.js';
