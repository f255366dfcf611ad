import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { BrokerUnavailable } from '@logfold/core';
import kafkajs, { type Consumer, type ISocketFactory } from 'kafkajs';
import { kafkajsInternals } from './kafkajs-internals.js';
import type { GroupTimes } from './source-options.js';
import type { KafkaOptions } from './options.js';

const { Kafka, logLevel } = kafkajs;

/** A consumer of kafkajs, whose connections can be cut. */
export interface GroupClient {
  readonly brokers: readonly string[];
  readonly group: string;
  readonly consumer: Consumer;
  /** Cuts all connections and lets it make no others: whatever it waits for fails. */
  cut(): void;
}

/**
 * A consumer that never restarts itself, makes no topics, says nothing, and reads what is committed from the first
 * offset on unless it is told where.
 */
export function groupClient(options: KafkaOptions, groupId: string, times: GroupTimes): GroupClient {
  kafkajsInternals(); // mends the timers of its connections
  const sockets = new Set<Socket>();
  let over = false;
  const socketFactory: ISocketFactory = ({ host, port, ssl, onConnect }) => {
    const socket = ssl
      ? connectTls({ host, port, ...(isIP(host) ? {} : { servername: host }), ...(ssl as object) }, onConnect)
      : connectTcp({ host, port }, onConnect);
    socket.setKeepAlive(true, 60_000).setNoDelay(true);
    if (over) return socket.destroy(closed());
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    return socket;
  };
  const kafka = new Kafka({
    brokers: [...options.brokers],
    clientId: options.clientId ?? 'logfold',
    ...(options.ssl === undefined ? {} : { ssl: options.ssl }),
    ...(options.sasl === undefined ? {} : { sasl: options.sasl }),
    socketFactory,
    connectionTimeout: 3_000,
    requestTimeout: 10_000,
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 5 },
  });
  const consumer = kafka.consumer({
    groupId,
    sessionTimeout: times.sessionMs,
    rebalanceTimeout: times.rebalanceMs,
    heartbeatInterval: times.heartbeatMs,
    maxWaitTimeInMs: times.waitMs,
    allowAutoTopicCreation: false,
    retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 5, restartOnFailure: async () => false },
  });
  return {
    brokers: options.brokers,
    group: groupId,
    consumer,
    cut() {
      over = true;
      for (const socket of sockets) socket.destroy(closed());
    },
  };
}

/** kafkajs only notices a socket's end when it is an error, or the broker's. */
function closed(): BrokerUnavailable {
  return new BrokerUnavailable('The connection was closed');
}
