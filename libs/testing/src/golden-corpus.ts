import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { creatorsOf, eventCatalog, validated, type Event, type EventCreator, type Recorded } from '@logfold/core';
import { GoldenCorpusBroken } from './errors.js';

/** An event as it was shipped once. */
interface Example {
  readonly type: string;
  readonly schemaVersion: number;
  readonly data: unknown;
}

/** What a corpus is compared with. */
export interface GoldenCorpusOptions {
  /** Where the files are, such as `new URL('./golden/', import.meta.url)`. Belongs into version control. */
  readonly folder: URL;
  /** The registries of a service, as they are today. */
  readonly registries: readonly object[];
  /** An event of each type, made by its creator: kept when its version is shipped for the first time. */
  readonly examples: readonly Event[];
  /** Write the files that are missing; otherwise they are an error. Say `true` when you raise a version, once. */
  readonly keep?: boolean;
}

/**
 * Guards that events of every version ever shipped can be read, for ever: a folder keeps one example of each as
 * `Type.vN.json`. Files are added, never changed.
 * @throws GoldenCorpusBroken with everything that is wrong: a version without an example, a type that is gone, an
 *   example that cannot be read any more, a field of it that would be lost.
 * @example test('every event ever shipped can be read', () => goldenCorpus({ folder, registries: [StockEvents], examples }));
 */
export function goldenCorpus({ folder, registries, examples, keep = false }: GoldenCorpusOptions): void {
  const creators = new Map(registries.flatMap(creatorsOf).map((creator) => [creator.type, creator]));
  const faults: string[] = [];
  if (keep) mkdirSync(folder, { recursive: true });
  for (const creator of creators.values()) {
    const file = new URL(`${creator.type}.v${creator.version}.json`, folder);
    if (existsSync(file)) continue;
    const example = examples.find(({ type }) => type === creator.type);
    if (!keep)
      faults.push(`${creator.type} version ${creator.version} has no example: run this once with { keep: true }`);
    else if (!example) faults.push(`${creator.type} version ${creator.version} has no example: add one to "examples"`);
    else writeFileSync(file, textOf({ type: creator.type, schemaVersion: creator.version, data: example.data }));
  }
  const catalog = eventCatalog(registries);
  for (const name of filesIn(folder)) {
    const example = JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Example;
    const why = brokenBy(example, creators.get(example.type), (event) => catalog.current(event).data);
    if (why !== undefined) faults.push(`${name}: ${why}`);
  }
  if (faults.length > 0) throw new GoldenCorpusBroken(fileURLToPath(folder), faults);
}

/** Why an example cannot be read as today's event; undefined when it can. */
function brokenBy(
  { type, schemaVersion, data }: Example,
  creator: EventCreator | undefined,
  current: (event: Recorded) => unknown,
): string | undefined {
  if (!creator) return 'its type is not declared any more, and the logs still hold it';
  const metadata = { correlationId: 'golden', causationId: 'golden' };
  const place = { id: 'golden', stream: 'golden-corpus', version: 1, position: 1n, recordedAt: new Date(0), metadata };
  try {
    const today = current({ ...place, type, schemaVersion, data });
    const read = validated(`Event ${type}`, creator.schema, today);
    const lost = lostIn(today, read);
    return lost === undefined ? undefined : `the schema of today loses ${lost}: raise the version, with an upcaster`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The path of a value that a schema has dropped or changed. */
function lostIn(given: unknown, read: unknown, path = ''): string | undefined {
  if (typeof given !== 'object' || given === null || typeof read !== 'object' || read === null)
    return isDeepStrictEqual(given, read) ? undefined : `"${path}"`;
  for (const [name, value] of Object.entries(given)) {
    const lost = lostIn(value, (read as Record<string, unknown>)[name], path === '' ? name : `${path}.${name}`);
    if (lost !== undefined) return lost;
  }
  return undefined;
}

function filesIn(folder: URL): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /^\w+\.v\d+\.json$/.test(name))
    .sort();
}

function textOf(example: Example): string {
  return `${JSON.stringify(example, null, 2)}\n`;
}
