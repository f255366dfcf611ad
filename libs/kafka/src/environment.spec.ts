import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidVariable, kafkaSecurity } from './environment.js';

const PEM = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
const app = { KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'app', KAFKA_SASL_PASSWORD: 'CANARY' };
let folder: string;
let pem: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'logfold-environment-'));
  pem = join(folder, 'one.pem');
  writeFileSync(pem, PEM);
  writeFileSync(join(folder, 'none.pem'), 'no certificate');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('an environment', () => {
  it.each([[{}], [{ KAFKA_SSL: 'false' }], [{ KAFKA_SSL: '', KAFKA_SASL_USERNAME: '' }]])(
    'that asks for nothing gives nothing: %j',
    (env) => {
      expect(kafkaSecurity(env)).toEqual({});
    },
  );

  it('gives TLS with the usual authorities', () => {
    expect(kafkaSecurity({ KAFKA_SSL: 'true' })).toEqual({ ssl: true });
  });

  it("gives TLS with an authority of one's own, and with a certificate", () => {
    const own = { KAFKA_SSL: 'true', KAFKA_SSL_CA_FILE: pem };
    expect(kafkaSecurity(own)).toEqual({ ssl: { ca: PEM } });
    const known = { KAFKA_SSL: 'true', KAFKA_SSL_CERT_FILE: pem, KAFKA_SSL_KEY_FILE: pem };
    expect(kafkaSecurity(known)).toEqual({ ssl: { cert: PEM, key: PEM } });
  });

  it("gives credentials; the mechanism may be written as Kafka's own tools do", () => {
    expect(kafkaSecurity(app)).toEqual({ sasl: { mechanism: 'plain', username: 'app', password: 'CANARY' } });
    const { sasl } = kafkaSecurity({ ...app, KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512', KAFKA_SSL: 'true' });
    expect(sasl).toMatchObject({ mechanism: 'scram-sha-512' });
  });
});

describe('what cannot work is refused, with the variable and what to set:', () => {
  it.each<[Record<string, string>, string, string]>([
    [{ KAFKA_SSL: 'yes' }, 'KAFKA_SSL', 'is "yes": it must be true or false'],
    [{ ...app, KAFKA_SASL_MECHANISM: 'gssapi' }, 'KAFKA_SASL_MECHANISM', 'it must be plain, scram-sha-256 or'],
    [{ ...app, KAFKA_SASL_MECHANISM: '' }, 'KAFKA_SASL_MECHANISM', 'is not set, though KAFKA_SASL_USERNAME is'],
    [{ ...app, KAFKA_SASL_USERNAME: '' }, 'KAFKA_SASL_USERNAME', 'give the name of the user'],
    [{ ...app, KAFKA_SASL_PASSWORD: '' }, 'KAFKA_SASL_PASSWORD', "give the user's password"],
    [{ KAFKA_SASL_PASSWORD: 'CANARY' }, 'KAFKA_SASL_MECHANISM', 'is not set, though KAFKA_SASL_PASSWORD is'],
    [
      { KAFKA_SSL: 'true', KAFKA_SSL_CA_FILE: '/nowhere' },
      'KAFKA_SSL_CA_FILE',
      'cannot be read (ENOENT): give the path',
    ],
  ])('%j', (env, variable, why) => {
    const refused = refusal(env);
    expect(refused).toMatchObject({ code: 'invalid-variable', variable });
    expect(refused.message).toContain(`${variable} `);
    expect(refused.message).toContain(why);
    expect(refused.message).not.toContain('CANARY');
  });

  it('files for TLS without it', () => {
    expect(refusal({ KAFKA_SSL_CA_FILE: pem }).message).toMatch(/^KAFKA_SSL is not true, .*: set KAFKA_SSL=true$/);
  });

  it('a certificate without its key', () => {
    const env = { KAFKA_SSL: 'true', KAFKA_SSL_CERT_FILE: pem };
    expect(refusal(env).message).toMatch(/^KAFKA_SSL_KEY_FILE is not set, though KAFKA_SSL_CERT_FILE is/);
  });

  it('a file that holds no PEM', () => {
    const env = { KAFKA_SSL: 'true', KAFKA_SSL_CA_FILE: join(folder, 'none.pem') };
    expect(refusal(env).message).toMatch(/^KAFKA_SSL_CA_FILE names ".*none.pem", which is no PEM file/);
  });
});

function refusal(env: Record<string, string>): InvalidVariable {
  try {
    kafkaSecurity(env);
  } catch (error) {
    if (error instanceof InvalidVariable) return error;
    throw error;
  }
  throw new Error('it was accepted');
}
