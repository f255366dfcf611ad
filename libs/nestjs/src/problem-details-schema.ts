/** `ProblemDetails` as JSON Schema, for the `components.schemas` of an OpenAPI document. */
export const PROBLEM_DETAILS_SCHEMA = {
  type: 'object' as const,
  description: 'What went wrong, as RFC 9457 has it',
  required: ['type', 'title', 'status', 'detail'],
  properties: {
    type: { type: 'string' as const, format: 'uri', example: 'urn:logfold:command-rejected' },
    title: { type: 'string' as const, example: 'Command rejected' },
    status: { type: 'integer' as const, example: 422 },
    detail: { type: 'string' as const, example: '2 of 85123A at main are available, 3 were asked for' },
    instance: { type: 'string' as const, description: 'The path of the request' },
    code: { type: 'string' as const, example: 'command-rejected' },
    rejected: { type: 'string' as const, description: 'Why the command was rejected, for programs', example: 'short' },
    details: { type: 'object' as const, additionalProperties: true, example: { available: 2, requested: 3 } },
    errors: {
      type: 'array' as const,
      description: 'The fields that are wrong',
      items: {
        type: 'object' as const,
        required: ['path', 'message'],
        properties: { path: { type: 'string' as const, example: 'quantity' }, message: { type: 'string' as const } },
      },
    },
    correlationId: { type: 'string' as const, description: 'What to name when asking about it' },
  },
};
