/**
 * Runs some work at once until the signal aborts. When one part of it fails, the others are told to end, and are waited
 * for. @throws what failed first
 */
export async function untilOneFails(
  signal: AbortSignal,
  parts: readonly ((signal: AbortSignal) => Promise<void>)[],
): Promise<void> {
  const failed = new AbortController();
  const until = AbortSignal.any([signal, failed.signal]);
  let first: { readonly error: unknown } | undefined;
  await Promise.all(
    parts.map((part) =>
      part(until).catch((error: unknown) => {
        first ??= { error };
        failed.abort();
      }),
    ),
  );
  if (first) throw first.error;
}
