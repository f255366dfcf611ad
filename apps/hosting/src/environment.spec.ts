import { describe, expect, it } from '@jest/globals';
import { ServiceConfig } from './environment.js';

const good = { DATABASE_URL: 'postgres://localhost/shop', KAFKA_BROKERS: 'one:9092,two:9092' };

describe('the configuration of a service', () => {
  it('has the addresses of its Kafka as a list', () => {
    expect(ServiceConfig.parse(good)).toMatchObject({ KAFKA_BROKERS: ['one:9092', 'two:9092'], PORT: 3000 });
  });

  it.each([
    [{ KAFKA_BROKERS: undefined }, 'is not set: give the addresses of a Kafka, such as KAFKA_BROKERS=localhost:9092'],
    [{ KAFKA_BROKERS: '' }, 'is not set: give the addresses of a Kafka'],
    [{ KAFKA_BROKERS: 'localhost' }, 'must be addresses such as localhost:9092, with commas between them'],
    [{ ADMIN_TOKEN: 'short' }, 'must have 16 characters at least'],
    [{ KAFKA_BROKERS: 'a:1, b:2' }, 'must be addresses such as localhost:9092, with commas between them'],
    [{ DATABASE_URL: 'mysql://localhost/shop' }, 'must be an address such as postgres://'],
  ])('%j is refused, and told what to set', (bad, message) => {
    expect(ServiceConfig.safeParse({ ...good, ...bad }).error!.issues[0]!.message).toContain(message);
  });
});
