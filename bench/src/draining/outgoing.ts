import type { Metadata } from '@logfold/core';
import type { Message } from 'kafkajs';
import type { LineSold } from '../sales.js';

/** What the peers keep of a message until it is sent. */
export interface Outgoing {
  readonly id: string;
  readonly key: string;
  readonly data: LineSold;
  readonly metadata: Metadata;
}

/** The message, with what a reader needs at least. Without the numbers that let it prove that it has missed nothing. */
export function messageOf({ id, key, data, metadata }: Outgoing): Message {
  return {
    key,
    value: JSON.stringify(data),
    headers: {
      ce_specversion: '1.0',
      ce_id: id,
      ce_source: '/bench',
      ce_type: 'LineSold',
      ce_subject: key,
      'content-type': 'application/json',
      ce_correlationid: metadata.correlationId,
      ce_causationid: metadata.causationId,
    },
  };
}
