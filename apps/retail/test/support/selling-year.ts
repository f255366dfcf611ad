import { expect } from '@jest/globals';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '@logfold/testing';
import { build, startChild, type Child } from '../../../../test/support/child.js';
import { post } from '../../../../test/support/http.js';
import { openInput } from '../../src/import/open-input.js';

const TOKEN = 'a token of the tests, and of no one else';
const PATIENCE = { timeoutMs: 240_000 };

/** The retailer as a process of its own, open for requests. */
export interface Retailer {
  readonly url: string;
  readonly process: Child;
}

/** Starts the retailer on a database; nothing is simulated. */
export async function openRetailer(database: string): Promise<Retailer> {
  build('apps/retail');
  const env = { DATABASE_URL: database, PORT: '0', SIMULATE: 'off', ADMIN_TOKEN: TOKEN };
  const process = startChild('apps/retail/dist/main.js', [], env);
  const url = await eventually(() => {
    const [found] = /http:\/\/[^/\s]+/.exec(process.lines.join('\n')) ?? [];
    expect({ url: found, lines: process.lines }).toMatchObject({ url: expect.any(String) });
    return found!;
  }, PATIENCE);
  return { url, process };
}

/** Asks the retailer to rebuild a read model, and to compare every row; as soon as its first table is there. */
export async function requestRebuild({ url }: Retailer, service: string, name: string): Promise<void> {
  const route = `${url}/${service}/read-models/${name}/rebuild`;
  await eventually(async () => {
    const answer = await post(route, { full: true, why: 'a test' }, { authorization: `Bearer ${TOKEN}` });
    expect(answer).toMatchObject({ status: 202 });
  }, PATIENCE);
}

/** Receives one piece after the other until the signal aborts. @returns how many were acknowledged */
export async function receiving({ url }: Retailer, sku: string, signal: AbortSignal): Promise<number> {
  for (let received = 0; ; received++) {
    if (signal.aborted) return received;
    expect(await post(`${url}/inventory/stock/${sku}/receive`, { quantity: 1 })).toMatchObject({ status: 200 });
    await pause(20);
  }
}

/** The first days of packed sales, as a folder. */
export async function firstDays(path: string, folder: string, part: number): Promise<string> {
  await mkdir(folder, { recursive: true });
  const input = await openInput(path);
  try {
    for (const [index, file] of input.files.slice(0, Math.ceil(input.files.length * part)).entries()) {
      await writeFile(join(folder, `${String(index).padStart(4, '0')}.csv`), file.read());
    }
  } finally {
    await input.close();
  }
  return folder;
}
