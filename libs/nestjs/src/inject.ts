import { Inject } from '@nestjs/common';
import type { AnyReadModel, Decider } from '@logfold/core';
import { logfoldToken, type ServiceChoice } from './tokens.js';

/**
 * Injects the command handler of a decider that the module's `LogfoldModule.forFeature` lists.
 * It may be used as soon as the application has started.
 * @example constructor(@InjectDecider(Stock) private readonly stock: HandlerOf<typeof Stock>) {}
 */
export function InjectDecider(decider: Decider, choice?: ServiceChoice): ParameterDecorator & PropertyDecorator {
  return Inject(logfoldToken(decider, choice));
}

/**
 * Injects the query side of a read model (of one in SQL the names of its tables) that the module's `LogfoldModule.forFeature` lists.
 * @example constructor(@InjectReadModel(StockLevels) private readonly levels: RowsOf<typeof StockLevels>) {}
 */
export function InjectReadModel(model: AnyReadModel, choice?: ServiceChoice): ParameterDecorator & PropertyDecorator {
  return Inject(logfoldToken(model, choice));
}
