import { ProblemDetailsFilter, SchemaPipe } from '@logfold/nestjs';
import { Module } from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';

/** What all services do alike over HTTP: what comes in is validated, what goes wrong is told as problem details. */
@Module({
  providers: [
    { provide: APP_PIPE, useClass: SchemaPipe },
    { provide: APP_FILTER, useClass: ProblemDetailsFilter },
  ],
})
export class HttpModule {}
