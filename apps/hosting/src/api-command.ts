import { applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiOkResponse } from '@nestjs/swagger';

/** Documents a route that handles a command: its answer, and how it is sent again without a second effect. */
export function ApiCommand(answer: Parameters<typeof ApiOkResponse>[0]): MethodDecorator {
  return applyDecorators(
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description: 'Something unique, such as a UUID. The same request under the same key gets the first answer',
    }),
    ApiOkResponse({
      ...answer,
      headers: {
        'Idempotency-Replayed': {
          description: '`true` when this is the first answer again',
          schema: { type: 'string' },
        },
      },
    }),
  );
}
