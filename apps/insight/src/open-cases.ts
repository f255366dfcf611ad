import type { HandlerOf, ReactionContext } from '@logfold/core';
import { InjectDecider, On, Reaction } from '@logfold/nestjs';
import type { EventFrom } from '@logfold/nestjs';
import { FraudCase, FraudCaseCommands } from './fraud-case.js';
import { SuspicionEvents } from './spending.js';

/** Opens a case for what is suspicious; an open one is told. */
@Reaction({ name: 'open-cases', startFrom: 'beginning' })
export class OpenCases {
  constructor(@InjectDecider(FraudCase) private readonly cases: HandlerOf<typeof FraudCase>) {}

  @On(SuspicionEvents.FraudSuspected)
  async suspected({ data }: EventFrom<typeof SuspicionEvents.FraudSuspected>, { tx }: ReactionContext): Promise<void> {
    await this.cases.handle(FraudCaseCommands.OpenCase(data), { tx });
  }
}
