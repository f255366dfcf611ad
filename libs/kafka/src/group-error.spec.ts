import { describe, expect, it } from '@jest/globals';
import { BrokerUnavailable, BrokerUnsuitable } from '@logfold/core';
import kafkajs from 'kafkajs';
import { groupError } from './group-error.js';

const { KafkaJSConnectionError, KafkaJSError, KafkaJSNumberOfRetriesExceeded } = kafkajs;
const reading = { brokers: ['a:1', 'b:2'], group: 'office.levels', topic: 'shop.stock' };

describe('An error of the consumer group', () => {
  it.each([
    ['a broker that is away', new KafkaJSConnectionError('refused', {}), BrokerUnavailable, 'a:1, b:2'],
    ['whatever is not known', new KafkaJSError('odd'), BrokerUnavailable, 'odd'],
    ['wrong credentials', refusal(), BrokerUnsuitable, 'sasl'],
    ['a broker that died while it was shown credentials', refusal('Closed connection'), BrokerUnavailable, 'Closed'],
    ['one that was too slow for it', refusal('Request timed out'), BrokerUnavailable, 'timed out'],
    [
      'a group that is not allowed',
      typed('GROUP_AUTHORIZATION_FAILED'),
      BrokerUnsuitable,
      'Read on group "office.levels"',
    ],
    [
      'a topic that is not allowed',
      typed('TOPIC_AUTHORIZATION_FAILED'),
      BrokerUnsuitable,
      'Read on topic "shop.stock"',
    ],
    ['times that the broker refuses', typed('INVALID_SESSION_TIMEOUT'), BrokerUnsuitable, 'group'],
    [
      'a certificate',
      Object.assign(new KafkaJSError('x'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }),
      BrokerUnsuitable,
      'ssl',
    ],
  ])('tells of %s', (_, error, expected, text) => {
    expect(groupError(error, reading)).toBeInstanceOf(expected);
    expect(groupError(error, reading).message).toContain(text);
    expect(groupError(error, reading).cause).toBe(error);
  });

  it('is found behind the retries', () => {
    const refused = refusal();
    const error = new KafkaJSNumberOfRetriesExceeded(refused, { retryCount: 5, retryTime: 1 });

    expect(groupError(error, reading)).toBeInstanceOf(BrokerUnsuitable);
  });

  it('of ours stays what it is', () => {
    const own = new BrokerUnsuitable('own');

    expect(groupError(own, reading)).toBe(own);
  });
});

function refusal(why = 'Authentication failed: Invalid username or password'): Error {
  return Object.assign(new KafkaJSError(`SASL PLAIN authentication failed: ${why}`), {
    name: 'KafkaJSSASLAuthenticationError',
  });
}

function typed(type: string): Error {
  return Object.assign(new KafkaJSError(type), { type });
}
