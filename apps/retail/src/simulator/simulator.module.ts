import { Shelf } from '@logfold-example/insight';
import { Count, Stock, StockLevels } from '@logfold-example/inventory';
import { Order, Return } from '@logfold-example/ordering';
import type { HandlerOf, RowsOf } from '@logfold/core';
import { InjectDecider, InjectReadModel, LogfoldModule } from '@logfold/nestjs';
import { Injectable, Module, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import type { Config } from '../config.js';
import { startSimulator, type Simulator } from './simulator.js';

const COMMANDS_PER_SECOND = 5;

/** Runs the simulator from the start of the application to its end, unless SIMULATE=off. */
@Injectable()
export class Simulation implements OnApplicationBootstrap, OnModuleDestroy {
  #simulator: Simulator | undefined;

  constructor(
    @InjectDecider(Stock) private readonly stock: HandlerOf<typeof Stock>,
    @InjectDecider(Count) private readonly count: HandlerOf<typeof Count>,
    @InjectReadModel(StockLevels) private readonly levels: RowsOf<typeof StockLevels>,
    @InjectDecider(Order) private readonly order: HandlerOf<typeof Order>,
    @InjectDecider(Return) private readonly returned: HandlerOf<typeof Return>,
    @InjectDecider(Shelf) private readonly shelf: HandlerOf<typeof Shelf>,
    private readonly config: ConfigService<Config, true>,
  ) {}

  onApplicationBootstrap(): void {
    if (this.config.get('SIMULATE', { infer: true }) === 'off') return;
    const seed = this.config.get('SEED', { infer: true });
    const { stock, count, levels, order, returned, shelf } = this;
    this.#simulator = startSimulator({
      stock,
      count,
      onHand: async ({ sku, location }) => (await levels.find({ sku, location }))?.onHand ?? 0,
      order,
      returned,
      shelf,
      seed,
      perSecond: COMMANDS_PER_SECOND,
      log: console.log,
    });
  }

  /** Comes before the services stop, so the command under way can end. */
  async onModuleDestroy(): Promise<void> {
    await this.#simulator?.stop();
  }
}

/** A trader who keeps the retailer busy. */
@Module({
  imports: [
    LogfoldModule.forFeature([Stock, StockLevels, Count], { service: 'inventory' }),
    LogfoldModule.forFeature([Order, Return], { service: 'ordering' }),
    LogfoldModule.forFeature([Shelf], { service: 'insight' }),
  ],
  providers: [Simulation],
})
export class SimulatorModule {}
