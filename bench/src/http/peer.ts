// The peer as a process: Nest on Express, which is Nest's default, and a service that updates one row. Prints its port.
import 'reflect-metadata';
import { Body, Controller, HttpCode, Injectable, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { openConnections } from '../connections.js';
import type { Moved } from './workload.js';

const EXPRESS = '@nestjs/platform-express'; // named so that this compiles where the peers are not installed
const { ExpressAdapter } = (await import(EXPRESS)) as { ExpressAdapter: new () => never };
const sql = openConnections(process.argv[2]!, 16);

@Injectable()
class StockService {
  async receive({ sku, quantity }: Moved): Promise<object> {
    const [row] = await sql`
      INSERT INTO plain.stock (sku, on_hand) VALUES (${sku}, ${quantity})
      ON CONFLICT (sku) DO UPDATE SET on_hand = stock.on_hand + excluded.on_hand RETURNING on_hand`;
    return { onHand: Number(row!['on_hand']) };
  }
}

@Controller('stock')
class StockController {
  constructor(private readonly stock: StockService) {}

  @Post()
  @HttpCode(200)
  receive(@Body() body: Moved): Promise<object> {
    return this.stock.receive(body);
  }
}

@Module({ controllers: [StockController], providers: [StockService] })
class StockModule {}

const app = await NestFactory.create(StockModule, new ExpressAdapter(), { logger: false });
await app.listen(0, '127.0.0.1');
console.log((app.getHttpServer().address() as { port: number }).port);
process.on('SIGTERM', () => void Promise.all([app.close(), sql.end({ timeout: 5 })]));
