import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BrokerUnavailable, BrokerUnsuitable } from '@logfold/core';
import { startKafka, type RunningKafka } from '@logfold/dev-services';
import { testKafkaTimeoutMs } from '../../../test/support/kafka.js';
import type { KafkaOptions } from '../src/options.js';
import { kafkaPublisher } from '../src/publisher.js';
import { sampleLog } from './support/sample-log.js';
import { begin } from './support/sending.js';

let kafka: RunningKafka;
let secured: string;
beforeAll(async () => {
  kafka = await startKafka({ durable: false });
  secured = await askForCredentials(kafka);
}, testKafkaTimeoutMs);
afterAll(() => kafka?.stop());

describe('A broker that asks for credentials', () => {
  it('is sent to with the right ones', async () => {
    const log = sampleLog();
    const session = await begin(publisher({ mechanism: 'plain', username: 'app', password: 'right' }), log);

    expect(await session.publish(log.records([], 0n, 10))).toBe(10);
    await session.close();
  });

  it('refuses wrong ones: it says what to check', async () => {
    const refused = begin(publisher({ mechanism: 'plain', username: 'app', password: 'wrong' }), sampleLog());

    await expect(refused).rejects.toBeInstanceOf(BrokerUnsuitable);
    await expect(refused).rejects.toThrow('refused the credentials: check `sasl`');
  });

  it('refuses a mechanism that it does not know', async () => {
    const refused = begin(publisher({ mechanism: 'scram-sha-256', username: 'app', password: 'right' }), sampleLog());

    await expect(refused).rejects.toBeInstanceOf(BrokerUnsuitable);
  });

  it('hangs up without any: it says what may be missing', async () => {
    const refused = begin(kafkaPublisher({ brokers: [secured] }), sampleLog());

    await expect(refused).rejects.toBeInstanceOf(BrokerUnavailable);
    await expect(refused).rejects.toThrow('`sasl`');
  });
});

function publisher(sasl: KafkaOptions['sasl']) {
  return kafkaPublisher({ brokers: [secured], sasl: sasl! });
}

/** Gives the node a second listener, for which one user is known, and starts it again. */
async function askForCredentials({ nodes: [node], directory }: RunningKafka): Promise<string> {
  const port = await freePort();
  const file = join(directory, 'node-1', 'server.properties');
  await node!.kill('SIGTERM');
  const added = (name: string, value: string) => (line: string) =>
    line.startsWith(`${name}=`) ? `${line},${value}` : line;
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .map(added('listeners', `SECURED://127.0.0.1:${port}`))
    .map(added('advertised.listeners', `SECURED://127.0.0.1:${port}`))
    .map(added('listener.security.protocol.map', 'SECURED:SASL_PLAINTEXT'));
  const login = 'org.apache.kafka.common.security.plain.PlainLoginModule required user_app="right";';
  lines.push('sasl.enabled.mechanisms=PLAIN', `listener.name.secured.plain.sasl.jaas.config=${login}`, '');
  writeFileSync(file, lines.join('\n'));
  await node!.start();
  return `127.0.0.1:${port}`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
