import { Shelf } from '@logfold-example/insight';
import { Stock } from '@logfold-example/inventory';
import { Order, Return } from '@logfold-example/ordering';
import type { HandlerOf } from '@logfold/core';
import { InjectDecider, LogfoldModule } from '@logfold/nestjs';
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
    @InjectDecider(Order) private readonly order: HandlerOf<typeof Order>,
    @InjectDecider(Return) private readonly returned: HandlerOf<typeof Return>,
    @InjectDecider(Shelf) private readonly shelf: HandlerOf<typeof Shelf>,
    private readonly config: ConfigService<Config, true>,
  ) {}

  onApplicationBootstrap(): void {
    if (this.config.get('SIMULATE', { infer: true }) === 'off') return;
    const seed = this.config.get('SEED', { infer: true });
    const { stock, order, returned, shelf } = this;
    const perSecond = COMMANDS_PER_SECOND;
    this.#simulator = startSimulator({ stock, order, returned, shelf, seed, perSecond, log: console.log });
  }

  /** Comes before the services stop, so the command under way can end. */
  async onModuleDestroy(): Promise<void> {
    await this.#simulator?.stop();
  }
}

/** A trader who keeps the retailer busy. */
@Module({
  imports: [
    LogfoldModule.forFeature([Stock], { service: 'inventory' }),
    LogfoldModule.forFeature([Order, Return], { service: 'ordering' }),
    LogfoldModule.forFeature([Shelf], { service: 'insight' }),
  ],
  providers: [Simulation],
})
export class SimulatorModule {}
