import 'reflect-metadata';
import { serve } from '@logfold-example/hosting';
import { Config } from './config.js';
import { RetailModule } from './retail.module.js';

await serve({
  module: RetailModule,
  config: Config,
  title: 'Logfold retail example',
  description:
    'The stock and the orders of a retailer, its shoppers and its suppliers: every number is a fold over a log of events.',
  announce: (url) => `
The retailer is open.
  API    ${url}/inventory/out-of-stock
         ${url}/orders?status=shipped
         ${url}/returns?status=refunded
         ${url}/inventory/counts?status=adjusted
         ${url}/supplier-inbox
  Docs   ${url}/docs

Try it:
  curl -s ${url}/inventory/stock/85123A/receive -H 'content-type: application/json' -d '{"quantity": 10}'
  curl -s ${url}/orders -H 'content-type: application/json' \\
    -d '{"orderId": "mine", "lines": [{"sku": "85123A", "quantity": 3, "unitPrice": 2550}]}'
  curl -s ${url}/orders/mine                # allocated: the stock has reserved it
  curl -s -X POST ${url}/orders/mine/pay
  curl -s -X POST ${url}/orders/mine/ship
  curl -s ${url}/orders/mine                # shipped
  curl -s ${url}/inventory/stock/85123A     # 7 are left
  curl -s ${url}/inventory/stock/85123A/ship -H 'content-type: application/json' -d '{"quantity": 7}'
  curl -s -X POST ${url}/insight/products/85123A/view
  curl -s '${url}/supplier-inbox?sku=85123A'   # its supplier sees that somebody looks for it

Ctrl-C ends it.
`,
});
