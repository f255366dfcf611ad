export {
  FRAUD,
  LinePieces,
  NOT_PAID,
  ORDER_LINES_LIMIT,
  OrderEvents,
  OrderLines,
  OUT_OF_STOCK,
  piecesOf,
  placesOf,
  ReturnLines,
  totalOf,
  type OrderLine,
  type OrderPlace,
  type ReturnLine,
} from './orders.js';
export { Product, ProductState } from './catalog.js';
export { FraudEvents, Spending } from './fraud.js';
export { DemandEvents, SalesEvents } from './insight.js';
export { QuarantineStockCommands, QuarantineStockSchemas } from './quarantine.js';
export { pseudonymOf } from './pseudonym.js';
export { NOT_RECEIVED, ReturnEvents, type InspectedPlace } from './returns.js';
export { BuyingCause, PurchaseEvents } from './purchases.js';
export {
  OrderStockCommands,
  OrderStockSchemas,
  StockEvents,
  stockKeyOf,
  SupplyStockCommands,
  TOO_MANY_DELIVERIES,
} from './stock.js';
export {
  Counted,
  CountId,
  Country,
  Currency,
  LAST_CURRENCY,
  CustomerId,
  DeliveryId,
  Difference,
  Location,
  OrderId,
  Patience,
  ProductName,
  Quantity,
  Reason,
  ReturnId,
  Sku,
  UnitId,
  UnitPrice,
} from './fields.js';
