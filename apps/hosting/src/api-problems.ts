import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';

const meanings = {
  400: 'The request does not fit its schema; `errors` names each bad field',
  401: 'The token is missing or wrong',
  403: 'Answered on the machine itself only',
  404: 'There is none',
  409: 'The stream is not at the version that If-Match names, or a rebuild is under way',
  422: 'The rules refuse it; `rejected` says why, for programs. Or the Idempotency-Key was used for something else',
  503: 'Not available at the moment: try again after Retry-After seconds',
};

/** Documents that a route answers errors with problem details; the application adds the schema's component. */
export function ApiProblems(...statuses: (keyof typeof meanings)[]): MethodDecorator & ClassDecorator {
  const schema = { $ref: '#/components/schemas/ProblemDetails' };
  return applyDecorators(
    ...statuses.map((status) =>
      ApiResponse({ status, description: meanings[status], content: { 'application/problem+json': { schema } } }),
    ),
  );
}
