import { applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiResponse } from '@nestjs/swagger';

/** The headers of an answer to a command, for `ApiOkResponse`. */
export const POSITION_HEADERS = {
  'Logfold-Position': {
    description: 'Where the last event stands: give it back as Logfold-Wait-For to read what this command did',
    schema: { type: 'string' as const },
  },
};

/** Documents that the reads of a route wait for a position, and what is answered when they have waited in vain. */
export function ApiWaitsForPosition(): MethodDecorator & ClassDecorator {
  const schema = { $ref: '#/components/schemas/ProblemDetails' };
  return applyDecorators(
    ApiHeader({
      name: 'Logfold-Wait-For',
      required: false,
      description: 'The Logfold-Position of earlier answers: what is read shows what these commands did',
    }),
    ApiResponse({
      status: 409,
      description: 'It is not shown yet, which Logfold-Waited tells: try again after Retry-After seconds',
      content: { 'application/problem+json': { schema } },
    }),
  );
}
