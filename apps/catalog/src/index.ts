// The domain: for tests that need no HTTP.
export { ProductCommands, ProductEntry, ProductEvents, type ProductOnRecord } from './product.js';
export { Products } from './products.js';

// The service in a Nest application.
export { CatalogModule, type CatalogOptions } from './catalog.module.js';
