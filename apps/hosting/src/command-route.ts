import { applyDecorators, HttpCode, Post } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import { z } from 'zod';
import { ApiCommand } from './api-command.js';
import { ApiProblems } from './api-problems.js';

/**
 * Makes the decorator of routes that handle commands: POST, answered with 200 and what the stream is now.
 * @param standardSchema of the answer
 * @param description what the answer means
 */
export function commandRoute(
  standardSchema: z.ZodType,
  description = 'It happened',
): (path: string, summary: string) => MethodDecorator {
  return (path, summary) =>
    applyDecorators(
      Post(path),
      HttpCode(200),
      ApiOperation({ summary }),
      ApiCommand({ standardSchema, description }),
      ApiProblems(400, 422, 503),
    );
}

/** What a command answers: the version of the stream now, and the position of its last event. @param id its name in OpenAPI */
export function streamChanged(id: string) {
  return z.object({ version: z.number().int(), position: z.string() }).meta({ id });
}
