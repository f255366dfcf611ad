import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { createInterface } from 'node:readline';
import { body, SKUS } from './workload.js';

/** A server in a process of its own, and a way to ask it. */
export interface ServerProcess {
  /** Sends one request and reads the answer. @throws when it is not 200. */
  ask(): Promise<void>;
  /** Asks once for each SKU: whoever remembers something does so from then on. */
  askForAll(): Promise<void>;
  close(): Promise<void>;
}

/** Starts a script of this folder with the database's URL; resolves when it listens. */
export async function startServer(script: string, url: string): Promise<ServerProcess> {
  const child = spawn(process.execPath, [new URL(script, import.meta.url).pathname, url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const port = await portOf(child, script);
  const agent = new Agent({ keepAlive: true, maxSockets: 1_024 });
  return {
    ask: () => ask(agent, port, body()),
    async askForAll() {
      const workers = Array.from({ length: 20 }, async (_, worker) => {
        for (let sku = worker; sku < SKUS; sku += 20) await ask(agent, port, body(sku));
      });
      await Promise.all(workers);
    },
    async close() {
      agent.destroy();
      const exited = once(child, 'exit');
      child.kill();
      await exited;
    },
  };
}

async function portOf(child: ChildProcess, script: string): Promise<number> {
  for await (const line of createInterface({ input: child.stdout! })) return Number(line);
  throw new Error(`${script} ended before it listened`);
}

function ask(agent: Agent, port: number, payload: string): Promise<void> {
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) };
  return new Promise((resolve, reject) => {
    const asked = request({ agent, port, host: '127.0.0.1', path: '/stock', method: 'POST', headers }, (answer) => {
      answer.resume().on('end', () => {
        if (answer.statusCode === 200) resolve();
        else reject(new Error(`answered ${answer.statusCode}`));
      });
    });
    asked.on('error', reject).end(payload);
  });
}
