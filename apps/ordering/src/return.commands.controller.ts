import { ReturnId } from '@logfold-example/contracts';
import { commandRoute } from '@logfold-example/hosting';
import type { CommandOf, Handled, HandlerOf } from '@logfold/core';
import { InjectDecider } from '@logfold/nestjs';
import { Body, Controller, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { ReturnCommands } from './return-commands.js';
import { ReturnChanged, ReturnRequests } from './return.requests.js';
import { Return } from './return.js';

type Changed = ReturnType<Handled['toJSON']> & { readonly returnId: string };

const ReturnCommand = commandRoute(ReturnChanged);

/** What can be done with pieces that come back: HTTP in, a command out. */
@ApiTags('returns')
@Controller('returns')
export class ReturnCommandsController {
  constructor(@InjectDecider(Return) private readonly returned: HandlerOf<typeof Return>) {}

  @ReturnCommand('', 'A customer wants to give pieces of a shipped order back: the order answers it within moments')
  request(
    @Body({ schema: ReturnRequests.RequestReturn }) body: z.output<typeof ReturnRequests.RequestReturn>,
  ): Promise<Changed> {
    const { returnId = randomUUID() } = body;
    return this.#answer(ReturnCommands.RequestReturn({ ...body, returnId }));
  }

  @ReturnCommand(':returnId/cancel', 'They will not come; possible until they are here')
  cancel(
    @Param('returnId', { schema: ReturnId }) returnId: string,
    @Body({ schema: ReturnRequests.CancelReturn }) body: z.output<typeof ReturnRequests.CancelReturn>,
  ): Promise<Changed> {
    return this.#answer(ReturnCommands.CancelReturn({ ...body, returnId }));
  }

  @ReturnCommand(':returnId/receive', 'They are here, all of them')
  receive(@Param('returnId', { schema: ReturnId }) returnId: string): Promise<Changed> {
    return this.#answer(ReturnCommands.ReceiveReturn({ returnId }));
  }

  @ReturnCommand(':returnId/inspect', 'What cannot be sold again; the rest can, and the customer is refunded')
  inspect(
    @Param('returnId', { schema: ReturnId }) returnId: string,
    @Body({ schema: ReturnRequests.InspectReturn }) body: z.output<typeof ReturnRequests.InspectReturn>,
  ): Promise<Changed> {
    return this.#answer(ReturnCommands.InspectReturn({ ...body, returnId }));
  }

  async #answer(command: CommandOf<typeof ReturnCommands>): Promise<Changed> {
    const handled = await this.returned.handle(command);
    const { returnId } = handled.events[0]?.data ?? command.data; // answered again: the one that was requested then
    return { returnId, ...handled.toJSON() };
  }
}
