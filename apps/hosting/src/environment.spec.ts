import { describe, expect, it } from '@jest/globals';
import { ConfigService } from '@nestjs/config';
import { fromEnvironment, ServiceConfig } from './environment.js';

const good = { DATABASE_URL: 'postgres://localhost/shop', KAFKA_BROKERS: 'one:9092,two:9092' };

describe('the configuration of a service', () => {
  it('has the addresses of its Kafka as a list', () => {
    expect(ServiceConfig.parse(good)).toMatchObject({ KAFKA_BROKERS: ['one:9092', 'two:9092'], PORT: 3000 });
  });

  it('speaks to it with the TLS and the credentials of the environment', () => {
    const secured = {
      ...good,
      KAFKA_SSL: 'true',
      KAFKA_SASL_MECHANISM: 'scram-sha-512',
      KAFKA_SASL_USERNAME: 'shop',
      KAFKA_SASL_PASSWORD: 'secret',
    };
    const config = new ConfigService<ServiceConfig, true>(ServiceConfig.parse(secured));
    expect(fromEnvironment.useFactory(config).kafka).toEqual({
      brokers: ['one:9092', 'two:9092'],
      ssl: true,
      sasl: { mechanism: 'scram-sha-512', username: 'shop', password: 'secret' },
    });
  });

  it.each([
    [{ KAFKA_BROKERS: undefined }, 'is not set: give the addresses of a Kafka, such as KAFKA_BROKERS=localhost:9092'],
    [{ KAFKA_BROKERS: '' }, 'is not set: give the addresses of a Kafka'],
    [{ KAFKA_BROKERS: 'localhost' }, 'must be addresses such as localhost:9092, with commas between them'],
    [{ ADMIN_TOKEN: 'short' }, 'must have 16 characters at least'],
    [{ KAFKA_BROKERS: 'a:1, b:2' }, 'must be addresses such as localhost:9092, with commas between them'],
    [{ DATABASE_URL: 'mysql://localhost/shop' }, 'must be an address such as postgres://'],
    [{ KAFKA_SSL: 'yes' }, 'is "yes": it must be true or false'],
    [{ KAFKA_SASL_USERNAME: 'shop' }, 'is not set, though KAFKA_SASL_USERNAME is: give plain, scram-sha-256'],
  ])('%j is refused, and told what to set', (bad, message) => {
    expect(ServiceConfig.safeParse({ ...good, ...bad }).error!.issues[0]!.message).toContain(message);
  });
});
