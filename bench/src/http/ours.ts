// Ours as a process: Nest on Fastify, a controller that makes a command, a decider. Prints its port. Argument: the URL.
import 'reflect-metadata';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { commands, decider, events, type HandlerOf } from '@logfold/core';
import { InjectDecider, LogfoldModule, SchemaPipe } from '@logfold/nestjs';
import { moved, type Moved } from './workload.js';

// The Nest that @logfold/nestjs has, which is the root's; the peer's own is below bench.
const root = createRequire(new URL('../../../package.json', import.meta.url));
const load = (name: string): Promise<unknown> => import(pathToFileURL(root.resolve(name)).href);
const nest = (await load('@nestjs/common')) as typeof import('@nestjs/common');
const { NestFactory } = (await load('@nestjs/core')) as typeof import('@nestjs/core');
const { FastifyAdapter } = (await load('@nestjs/platform-fastify')) as { FastifyAdapter: new () => never };
const { Body, Controller, HttpCode, Module, Post } = nest;

const StockEvents = events('bench.stock', { topic: null, partitions: 1 }, { StockReceived: moved });
const StockCommands = commands('bench.stock', { key: ({ sku }) => sku }, { Receive: moved });
const Stock = decider({
  name: 'stock',
  commands: StockCommands,
  events: StockEvents,
  initial: () => ({ onHand: 0 }),
  evolve: { StockReceived: ({ onHand }, { data }) => ({ onHand: onHand + data.quantity }) },
  decide: { Receive: ({ data }) => StockEvents.StockReceived(data) },
});

@Controller('stock')
class StockController {
  constructor(@InjectDecider(Stock) private readonly stock: HandlerOf<typeof Stock>) {}

  @Post()
  @HttpCode(200)
  receive(@Body({ schema: moved }) body: Moved) {
    return this.stock.handle(StockCommands.Receive(body));
  }
}

@Module({
  imports: [LogfoldModule.forRoot({ service: 'bench', database: process.argv[2]! }), LogfoldModule.forFeature([Stock])],
  controllers: [StockController],
})
class BenchModule {}

const app = await NestFactory.create(BenchModule, new FastifyAdapter(), { logger: false });
app.useGlobalPipes(new SchemaPipe());
await app.listen(0, '127.0.0.1');
console.log((app.getHttpServer().address() as { port: number }).port);
process.on('SIGTERM', () => void app.close());
