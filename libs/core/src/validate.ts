import { InvalidDefinition, ValidationFailed } from './errors.js';
import type { Schema } from './schema.js';

/**
 * Checks a value with its schema and gives back what the schema made of it.
 * @param subject what the value is, for the error: `Event StockReceived`.
 * @throws ValidationFailed with the path of each issue; InvalidDefinition for a schema that validates asynchronously.
 */
export function validated<T>(subject: string, schema: Schema<any, T>, value: unknown): T {
  const result = schema['~standard'].validate(value);
  if (result instanceof Promise)
    throw new InvalidDefinition(
      `${subject} has an asynchronous schema: look things up before, and validate synchronously`,
    );
  if (result.issues) throw new ValidationFailed(subject, result.issues);
  return result.value;
}
