import { runApps } from './run-apps.mjs';
import { ports, setup } from './setup.mjs';

// npm run start:services   each service a process with a log of its own; they meet at the topics of a real Kafka.
// PORT is that of the first service, the next has the next one; 0 takes any free ones, and without it they are those of package.json.
await setup(import.meta.filename);
const first = process.env.PORT || String(ports.services);
const port = (index) => (/^[1-9]\d*$/.test(first) ? String(Number(first) + index) : first); // what is wrong, the service says
await runApps(
  ['inventory', 'ordering', 'insight', 'replenishment', 'catalog'].map((name, index) => ({
    name,
    entry: `apps/${name}/dist/main.js`,
    env: { PORT: port(index) },
  })),
  { kafka: true, onOpen: announce },
);

function announce([inventory, ordering, insight, replenishment, catalog]) {
  console.log(`
The services are open, each a process of its own.
  Inventory  ${inventory}/inventory/out-of-stock   ${inventory}/docs
  Ordering   ${ordering}/orders   ${ordering}/docs
  Insight    ${insight}/insight/hourly-sales   ${insight}/docs
  Replenishment  ${replenishment}/supplier-inbox   ${replenishment}/docs
  Catalog    ${catalog}/catalog/products   ${catalog}/docs

Try it:
  curl -s ${inventory}/inventory/stock/85123A/receive -H 'content-type: application/json' -d '{"quantity": 10}'
  curl -s ${ordering}/orders -H 'content-type: application/json' \\
    -d '{"orderId": "mine", "lines": [{"sku": "85123A", "quantity": 3, "unitPrice": 2550}]}'
  curl -s ${ordering}/orders/mine           # allocated: the stock has heard of it, and ordering of the stock
  curl -s -X POST ${ordering}/orders/mine/pay
  curl -s -X POST ${ordering}/orders/mine/ship
  curl -s ${ordering}/orders/mine           # shipped
  curl -s -X POST ${insight}/insight/products/85123A/view   # and when it has sold out, its supplier sees who wants it:
  curl -s ${replenishment}/supplier-inbox

Ctrl-C ends it.
`);
}
