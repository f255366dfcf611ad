/**
 * The Standard Schema interface (https://standardschema.dev), copied as its specification allows, so that zod,
 * valibot, arktype and the like can all describe events, commands and rows without a dependency on any of them.
 */
export interface Schema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
    readonly validate: (value: unknown, options?: any) => Result<Output> | Promise<Result<Output>>;
  };
}

/** What a validation answers: the value, or the issues found in it. */
export type Result<T> =
  { readonly value: T; readonly issues?: undefined } | { readonly issues: readonly SchemaIssue[] };

/** One thing that is wrong with a value, as a Standard Schema library reports it. */
export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What may be given to a schema. */
export type In<S> = S extends { readonly '~standard': { readonly types?: infer T } }
  ? NonNullable<T> extends { input: infer I }
    ? I
    : never
  : never;

/** What a schema gives back. */
export type Out<S> = S extends { readonly '~standard': { readonly types?: infer T } }
  ? NonNullable<T> extends { output: infer O }
    ? O
    : never
  : never;

/** The part of a type that would not come back from jsonb as it went in; `never` when all of it would. Looks five levels deep. */
export type NotJson<D, Level extends 0[] = []> = Level['length'] extends 5
  ? never
  : D extends string | number | boolean | null | undefined
    ? never
    : D extends Date | bigint | symbol | ((...args: never) => unknown) | ReadonlyMap<any, any> | ReadonlySet<any>
      ? D
      : D extends object
        ? D extends readonly (infer Item)[]
          ? NotJson<Item, [...Level, 0]>
          : { [K in keyof D]-?: NotJson<D[K], [...Level, 0]> }[keyof D]
        : never;

/**
 * A schema that checks nothing, for those who want the type alone.
 * @example events('stock', { partitions: 1 }, { StockCounted: type<{ sku: string }>() })
 */
export function type<T>(): Schema<T, T> {
  return { '~standard': { version: 1, vendor: 'logfold', validate: (value) => ({ value: value as T }) } };
}

/** The path of an issue as a user would write it: `lines.0.sku`; empty for the value itself. */
export function pathOf(issue: SchemaIssue): string {
  return (issue.path ?? []).map((step) => String(typeof step === 'object' ? step.key : step)).join('.');
}
