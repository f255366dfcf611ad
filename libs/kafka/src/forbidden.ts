import { BrokerUnsuitable } from '@logfold/core';
import type { KafkaCode } from './driver.js';

/** An operation as Kafka's ACLs name it. */
export type Operation = 'Create' | 'Describe' | 'Read' | 'Write';

/** True for what a broker answers when the user lacks a right. */
export function isForbidden(code: KafkaCode | undefined): boolean {
  return code?.endsWith('_AUTHORIZATION_FAILED') ?? false;
}

/**
 * What the user must be granted.
 * @param on what it is to be granted on, such as `topic "inventory.stock"`
 * @param remedy what to do unless to grant it
 */
export function forbidden(operation: Operation, on: string, remedy = '', cause?: unknown): BrokerUnsuitable {
  return new BrokerUnsuitable(
    `Kafka does not allow this user ${operation} on ${on}: grant it${remedy}`,
    cause === undefined ? {} : { cause },
  );
}
