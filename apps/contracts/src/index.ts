export {
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
export { NOT_RECEIVED, ReturnEvents, type InspectedPlace } from './returns.js';
export { DemandEvents, SaleEvents, SalesEvents } from './insight.js';
export { BuyingCause, PurchaseEvents } from './purchases.js';
export {
  OrderStockCommands,
  OrderStockSchemas,
  StockEvents,
  SupplyStockCommands,
  TOO_MANY_DELIVERIES,
} from './stock.js';
export {
  Counted,
  CountId,
  Country,
  Currency,
  CustomerId,
  DeliveryId,
  Difference,
  Location,
  OrderId,
  Patience,
  Quantity,
  Reason,
  ReturnId,
  Sku,
  UnitPrice,
} from './fields.js';
