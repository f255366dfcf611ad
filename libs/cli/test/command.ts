import { runCli } from '@logfold/cli';

/** What a command printed, and how it ended. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs commands on one database, for the schema `shop`. @param told of everything that is printed */
export function logfoldOn(url: string, env: Readonly<Record<string, string>> = {}) {
  return async (
    words: readonly string[],
    { signal, told = () => {} }: { signal?: AbortSignal; told?: (out: string) => void } = {},
  ): Promise<Ended> => {
    let [out, err] = ['', ''];
    const code = await runCli(words, {
      env: { DATABASE_URL: url, LOGFOLD_SCHEMA: 'shop', USER: 'ada', ...env },
      out: (text) => told((out += text)),
      err: (text) => (err += text),
      ...(signal ? { signal } : {}),
    });
    return { code, out, err };
  };
}

/** The lines of NDJSON. */
export function lines(out: string): Record<string, unknown>[] {
  return out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
