import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { expect } from '@jest/globals';
import { findJava, type RunningKafka } from '@logfold/dev-services';
import { eventually } from '@logfold/testing';
import kafkajs from 'kafkajs';

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, Kafka, logLevel, ResourcePatternTypes } = kafkajs;
const STORE_PASSWORD = 'of-the-store';

/** What a user is to be granted: an operation on something, by its name or by what its name begins with (`inventory.*`). */
export type Grant = readonly [
  operation: 'READ' | 'WRITE' | 'CREATE' | 'DESCRIBE',
  on: 'TOPIC' | 'GROUP' | 'TRANSACTIONAL_ID',
  name: string,
];

/** A broker that is spoken to over TLS, asks who one is, and allows nobody anything that was not granted. */
export interface SecuredBroker {
  /** `host:port` of the listener that asks. */
  readonly address: string;
  /** Its certificate, which nobody has signed. */
  readonly certificate: string;
  /** Grants rights to the user `limited`, whose password is `few`. The user `app`, with `right`, may do everything. */
  grant(...grants: readonly Grant[]): Promise<void>;
  close(): Promise<void>;
}

/** Gives the only node of a Kafka a second listener, an authorizer, and starts it again. The first listener stays open to all. */
export async function secured(kafka: RunningKafka): Promise<SecuredBroker> {
  const [node] = kafka.nodes;
  const port = await freePort();
  const directory = join(kafka.directory, 'node-1');
  const file = join(directory, 'server.properties');
  const { store, certificate } = await makeCertificate(directory);
  await node!.kill('SIGTERM');
  const added = (name: string, value: string) => (line: string) =>
    line.startsWith(`${name}=`) ? `${line},${value}` : line;
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .map(added('listeners', `SECURED://127.0.0.1:${port}`))
    .map(added('advertised.listeners', `SECURED://127.0.0.1:${port}`))
    .map(added('listener.security.protocol.map', 'SECURED:SASL_SSL'));
  const login = 'org.apache.kafka.common.security.plain.PlainLoginModule required';
  const users = 'user_app="right" user_limited="few"';
  lines.push(
    'sasl.enabled.mechanisms=PLAIN',
    `listener.name.secured.plain.sasl.jaas.config=${login} ${users};`,
    `listener.name.secured.ssl.keystore.location=${store}`,
    'listener.name.secured.ssl.keystore.type=PKCS12',
    `listener.name.secured.ssl.keystore.password=${STORE_PASSWORD}`,
    'authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users=User:ANONYMOUS;User:app', // the first listener knows nobody's name
    '',
  );
  writeFileSync(file, lines.join('\n'));
  await node!.start();
  const admin = new Kafka({ brokers: kafka.brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  return {
    address: `127.0.0.1:${port}`,
    certificate,
    async grant(...grants) {
      const acl = grants.map(([operation, on, name]) => ({
        resourceType: AclResourceTypes[on],
        resourceName: name.replace(/\*$/, ''),
        resourcePatternType: name.endsWith('*') ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
        principal: 'User:limited',
        host: '*',
        operation: AclOperationTypes[operation],
        permissionType: AclPermissionTypes.ALLOW,
      }));
      if (acl.length > 0) await admin.createAcls({ acl });
      for (const entry of acl)
        // the broker hears of it a moment later
        await eventually(async () => expect((await admin.describeAcls(entry)).resources).not.toEqual([]));
    },
    close: () => admin.disconnect(),
  };
}

/** By the JDK's own tool: a key for this machine, in a store. */
async function makeCertificate(directory: string): Promise<{ readonly store: string; readonly certificate: string }> {
  const { program } = await findJava();
  const keytool = program === 'java' ? 'keytool' : join(dirname(program), 'keytool');
  const store = join(directory, 'keys.p12');
  const about = ['-keystore', store, '-storetype', 'PKCS12', '-storepass', STORE_PASSWORD, '-alias', 'broker'];
  const run = (...args: string[]): string => {
    const { status, stdout, stderr } = spawnSync(keytool, [...args, ...about], { encoding: 'utf8' });
    expect({ command: args[0], status, said: stdout + stderr }).toMatchObject({ status: 0 });
    return stdout;
  };
  run('-genkeypair', '-keyalg', 'EC', '-dname', 'CN=broker', '-ext', 'san=ip:127.0.0.1', '-validity', '2');
  return { store, certificate: run('-exportcert', '-rfc') };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
