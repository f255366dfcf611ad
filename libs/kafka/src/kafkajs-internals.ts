import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { BrokerUnsuitable } from '@logfold/core';

/** The version whose inner parts are known. It is frozen upstream; the dependency is pinned to it. */
const KNOWN_VERSION = '2.2.4';

/** Bytes being written for a request. */
export interface Encoder {
  writeString(text: string | null): Encoder;
  writeInt16(value: number): Encoder;
  writeInt32(value: number): Encoder;
  writeBytes(bytes: Buffer): Encoder;
}

/** One request of the protocol, and how its answer is read. */
export interface ProtocolRequest {
  readonly request: {
    readonly apiKey: number;
    readonly apiVersion: number;
    readonly apiName: string;
    encode(): Promise<Encoder>;
    expectResponse?(): boolean;
  };
  readonly response: {
    decode(payload: Buffer): Promise<any>;
    parse(decoded: any): Promise<any>;
  };
}

/** A socket to a broker with its queue of requests. */
export interface Connection {
  socket?: Socket;
  connectionStatus: string;
  readonly requestQueue: { destroy(): void };
  rejectRequests(error: Error): void;
}

/** A broker as kafkajs talks to it. */
export interface Broker {
  readonly versions: Readonly<Record<number, { readonly maxVersion: number }>> | null;
  readonly connectionPool: { readonly pool: readonly Connection[]; send(request: ProtocolRequest): Promise<any> };
  connect(): Promise<void>;
  isConnected(): boolean;
  lookupRequest(apiKey: number, definition: unknown): (args: object) => ProtocolRequest;
}

/** The calls that we make, by their names in kafkajs. */
export type ApiName =
  | 'Produce'
  | 'Fetch'
  | 'ListOffsets'
  | 'Metadata'
  | 'GroupCoordinator'
  | 'CreateTopics'
  | 'InitProducerId'
  | 'AddPartitionsToTxn'
  | 'EndTxn'
  | 'DescribeConfigs';

/** What we use of kafkajs below its public interface: connections, credentials, and the encoding of the protocol. */
export interface Internals {
  readonly Broker: new (options: object) => Broker;
  readonly ConnectionPool: new (options: object) => Broker['connectionPool'];
  readonly Encoder: new (size?: number) => Encoder;
  readonly requests: Readonly<Record<ApiName, unknown>>;
  readonly apiKeys: Readonly<Record<ApiName, number>>;
  /** The names of error codes. */
  readonly codes: ReadonlyMap<number, string>;
  /** Says nothing: errors are thrown. */
  readonly silence: unknown;
}

/** Codes that are younger than kafkajs, or named there as if they concerned groups only. */
const ownNames: [number, string][] = [
  [14, 'COORDINATOR_LOAD_IN_PROGRESS'],
  [15, 'COORDINATOR_NOT_AVAILABLE'],
  [16, 'NOT_COORDINATOR'],
  [78, 'OFFSET_NOT_AVAILABLE'],
  [90, 'PRODUCER_FENCED'],
  [120, 'TRANSACTION_ABORTABLE'],
];

const requireFrom = createRequire(import.meta.url);
let loaded: Internals | undefined;

/**
 * Loads the inner parts of kafkajs.
 * @throws BrokerUnsuitable when it is another version than the known one: its inner parts are then not known.
 */
export function kafkajsInternals(require: (path: string) => any = requireFrom): Internals {
  if (loaded && require === requireFrom) return loaded;
  const { version } = require('kafkajs/package.json') as { version: string };
  if (version !== KNOWN_VERSION)
    throw new BrokerUnsuitable(
      `kafkajs ${version} is installed, but events are sent through inner parts of kafkajs ${KNOWN_VERSION}: ` +
        `install exactly that one (npm install --save-exact kafkajs@${KNOWN_VERSION})`,
    );
  quietWhenIdle(require('kafkajs/src/network/requestQueue').prototype);
  const errorCodes = require('kafkajs/src/protocol/error').errorCodes as { code: number; type: string }[];
  const silent = { debug() {}, info() {}, warn() {}, error() {}, namespace: (): object => silent };
  loaded = {
    Broker: require('kafkajs/src/broker'),
    ConnectionPool: require('kafkajs/src/network/connectionPool'),
    Encoder: require('kafkajs/src/protocol/encoder'),
    requests: require('kafkajs/src/protocol/requests').requests,
    apiKeys: require('kafkajs/src/protocol/requests/apiKeys'),
    codes: new Map([...errorCodes.map(({ code, type }): [number, string] => [code, type]), ...ownNames]),
    silence: silent,
  };
  return loaded;
}

interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests(): void;
}

/** kafkajs sets a timer with a negative delay for each answer, of which Node warns; it is only needed while requests wait. */
function quietWhenIdle(queues: RequestQueue): void {
  const schedule = queues.scheduleCheckPendingRequests;
  queues.scheduleCheckPendingRequests = function () {
    if (this.pending.length > 0) schedule.call(this);
  };
}
