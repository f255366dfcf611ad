import { isAtRest, readModelStates, type Rebuild } from '@logfold/core';
import { LogfoldRebuilds, LogfoldServices } from '@logfold/nestjs';
import {
  Body,
  Controller,
  Get,
  HttpCode,
  Injectable,
  NotFoundException,
  Param,
  Post,
  Sse,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
  type MessageEvent,
  type Type,
} from '@nestjs/common';
import { ApiAcceptedResponse, ApiBearerAuth, ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { map, type Observable } from 'rxjs';
import { z } from 'zod';
import { AdminGuard } from './admin.guard.js';
import { ApiProblems } from './api-problems.js';
import { ReadModelView, RebuildRequest, RebuildView } from './read-models.requests.js';

/** The admin routes over the read models of a service, below its own path. */
export function readModelsController(service: string): Type {
  const operation = (name: string, summary: string): MethodDecorator =>
    ApiOperation({ operationId: `${service}_${name}`, summary });

  /** A guard, as Nest begins the answer before a handler of events has found out that there are none. */
  @Injectable()
  class HasRebuild implements CanActivate {
    constructor(private readonly rebuilds: LogfoldRebuilds) {}

    async canActivate(execution: ExecutionContext): Promise<boolean> {
      const { name } = execution.switchToHttp().getRequest<{ params: { name: string } }>().params;
      if (!(await newestOf(this.rebuilds, service, name))) throw none(name);
      return true;
    }
  }

  @ApiTags(`${service}: read models`)
  @ApiBearerAuth()
  @ApiProblems(401, 403, 404, 503)
  @UseGuards(AdminGuard)
  @Controller(`${service}/read-models`)
  class ReadModelsController {
    constructor(
      private readonly services: LogfoldServices,
      private readonly rebuilds: LogfoldRebuilds,
    ) {}

    @Get()
    @operation('readModels', 'Each version: its tables, who feeds it, how far it got, and its rebuild')
    @ApiOkResponse({ standardSchema: z.array(ReadModelView) })
    async list(): Promise<object[]> {
      const states = await readModelStates(this.services.of(service).database);
      return states.map(({ positions, ...state }) => ({
        ...state,
        positions: positions.map((each) => ({ ...each, position: String(each.position) })),
      }));
    }

    @Post(':name/rebuild')
    @HttpCode(202)
    @operation('rebuild', 'Makes a new table from the log beside the one that queries read, verifies it, and switches')
    @ApiAcceptedResponse({ standardSchema: RebuildView, description: 'It is asked for: follow its events' })
    @ApiProblems(400, 409)
    rebuild(
      @Param('name') name: string,
      @Body({ schema: RebuildRequest }) body: z.output<typeof RebuildRequest>,
    ): Promise<Rebuild> {
      if (this.services.readModels(name, { service }).length === 0) throw none(name);
      const { switch: switchWhenVerified, ...options } = withoutUndefined(body ?? {});
      const wished = switchWhenVerified === undefined ? {} : { switchWhenVerified };
      return this.rebuilds.request(name, { ...options, ...wished, who: 'the admin over HTTP', service });
    }

    @Sse(':name/rebuild/events')
    @operation('rebuildEvents', 'The newest rebuild as it goes: events "rebuild", and "outcome" as the last')
    @ApiProduces('text/event-stream')
    @ApiOkResponse({ description: 'Server-sent events; the data of each is a Rebuild', schema: { type: 'string' } })
    @UseGuards(HasRebuild)
    async events(@Param('name') name: string): Promise<Observable<MessageEvent>> {
      const { id } = (await newestOf(this.rebuilds, service, name))!;
      return this.rebuilds
        .watch(id)
        .pipe(map((rebuild) => ({ type: isAtRest(rebuild) ? 'outcome' : 'rebuild', data: rebuild })));
    }
  }
  return ReadModelsController;
}

async function newestOf(rebuilds: LogfoldRebuilds, service: string, name: string): Promise<Rebuild | undefined> {
  return (await rebuilds.list({ service })).find((rebuild) => rebuild.name === name);
}

function none(name: string): NotFoundException {
  return new NotFoundException(`There is no read model "${name}", or no rebuild of it`);
}

/** An absent property and one that is undefined are different things to options. */
function withoutUndefined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as never;
}
