export {
  ORDER_LINES_LIMIT,
  OrderEvents,
  OrderLines,
  OUT_OF_STOCK,
  piecesOf,
  placesOf,
  totalOf,
  type OrderLine,
  type OrderPlace,
} from './orders.js';
export { StockEvents } from './stock.js';
export {
  Country,
  Currency,
  CustomerId,
  DeliveryId,
  Difference,
  Location,
  OrderId,
  Quantity,
  Reason,
  Sku,
  UnitPrice,
} from './fields.js';
