import { describe, expect, it } from '@jest/globals';
import { BrokerUnavailable, BrokerUnsuitable } from '@logfold/core';
import kafkajs from 'kafkajs';
import { groupError } from './group-error.js';

const { KafkaJSConnectionError, KafkaJSError, KafkaJSNumberOfRetriesExceeded } = kafkajs;
const brokers = ['a:1', 'b:2'];

describe('An error of the consumer group', () => {
  it.each([
    ['a broker that is away', new KafkaJSConnectionError('refused', {}), BrokerUnavailable, 'a:1, b:2'],
    ['whatever is not known', new KafkaJSError('odd'), BrokerUnavailable, 'odd'],
    ['wrong credentials', refusal(), BrokerUnsuitable, 'sasl'],
    ['what is not allowed', typed('GROUP_AUTHORIZATION_FAILED'), BrokerUnsuitable, 'grant'],
    ['times that the broker refuses', typed('INVALID_SESSION_TIMEOUT'), BrokerUnsuitable, 'group'],
    [
      'a certificate',
      Object.assign(new KafkaJSError('x'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }),
      BrokerUnsuitable,
      'ssl',
    ],
  ])('tells of %s', (_, error, expected, text) => {
    expect(groupError(error, brokers)).toBeInstanceOf(expected);
    expect(groupError(error, brokers).message).toContain(text);
    expect(groupError(error, brokers).cause).toBe(error);
  });

  it('is found behind the retries', () => {
    const refused = refusal();
    const error = new KafkaJSNumberOfRetriesExceeded(refused, { retryCount: 5, retryTime: 1 });

    expect(groupError(error, brokers)).toBeInstanceOf(BrokerUnsuitable);
  });

  it('of ours stays what it is', () => {
    const own = new BrokerUnsuitable('own');

    expect(groupError(own, brokers)).toBe(own);
  });
});

function refusal(): Error {
  return Object.assign(new KafkaJSError('no'), { name: 'KafkaJSSASLAuthenticationError' });
}

function typed(type: string): Error {
  return Object.assign(new KafkaJSError(type), { type });
}
