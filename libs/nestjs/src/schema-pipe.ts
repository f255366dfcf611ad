import { Injectable, StandardSchemaValidationPipe, type ArgumentMetadata } from '@nestjs/common';
import { ValidationFailed } from '@logfold/core';

/**
 * Validates what has a schema: `@Body({ schema })`, `@Query({ schema })`, `@Param('sku', { schema })`. Without this
 * pipe Nest validates nothing of it. It is Nest's own pipe, but that the error keeps the path of each bad field, so that
 * `ProblemDetailsFilter` can tell the client: a parameter's path is its name.
 * @example providers: [{ provide: APP_PIPE, useClass: SchemaPipe }]
 */
@Injectable()
export class SchemaPipe extends StandardSchemaValidationPipe {
  constructor() {
    super();
  }

  /** @throws ValidationFailed */
  override async transform<T = unknown>(value: T, metadata: ArgumentMetadata): Promise<T> {
    const { schema, type, data } = metadata;
    if (!schema || !this.toValidate(metadata)) return value;
    this.stripProtoKeys(value);
    const result = await this.validate<T>(value, schema);
    if (!result.issues) return result.value;
    const within = data === undefined ? [] : [data];
    const issues = result.issues.map(({ message, path = [] }) => ({ message, path: [...within, ...path] }));
    throw new ValidationFailed(subjects[type], issues);
  }
}

const subjects = { body: 'The body', query: 'The query', param: 'The path', custom: 'The request' };
