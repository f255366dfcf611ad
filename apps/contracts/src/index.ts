export { StockEvents } from './stock.js';
export { Difference, Location, OrderId, Quantity, Reason, Sku } from './fields.js';
