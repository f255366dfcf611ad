import { InvalidDefinition } from './errors.js';
import { creatorsOf, registryOf } from './events.js';
import type { Schema } from './schema.js';

/** A registry for programs in other languages: what its events hold, as JSON Schema (draft 2020-12). */
export interface RegistryJsonSchema {
  readonly name: string;
  /** The topic that the events are published to; null when they are private. */
  readonly topic: string | null;
  readonly types: Readonly<Record<string, { readonly version: number; readonly schema: object }>>;
}

/** What Standard JSON Schema (https://standardschema.dev) adds to Standard Schema. */
interface JsonSchemaConverter {
  output(options: { readonly target: 'draft-2020-12' }): object;
}

/**
 * The event types of a registry as JSON Schema, of their current versions.
 * @throws InvalidDefinition for a registry with a schema of a library that exports none, or that JSON Schema cannot say.
 */
export function jsonSchemaOf(registry: object): RegistryJsonSchema {
  const { name, topic } = registryOf(registry);
  const types = creatorsOf(registry).map(({ type, version, schema }) => [
    type,
    { version, schema: converted(`Event ${type} of "${name}"`, schema) },
  ]);
  return { name, topic, types: Object.fromEntries(types) };
}

function converted(subject: string, schema: Schema<any, any>): object {
  const standard = schema['~standard'] as Schema['~standard'] & { readonly jsonSchema?: JsonSchemaConverter };
  if (typeof standard.jsonSchema?.output !== 'function')
    throw new InvalidDefinition(
      `${subject} has a schema of "${standard.vendor}", which exports no JSON Schema: ` +
        'describe it with a library that has Standard JSON Schema, such as zod from 4.2',
    );
  try {
    return standard.jsonSchema.output({ target: 'draft-2020-12' });
  } catch (error) {
    throw new InvalidDefinition(`${subject} has no JSON Schema: ${(error as Error).message}`, { cause: error });
  }
}
