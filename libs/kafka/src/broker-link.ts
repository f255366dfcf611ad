import { connect as connectTcp, isIP } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { BrokerUnavailable, BrokerUnsuitable, LogfoldError } from '@logfold/core';
import type { ApiName, Broker, Internals, ProtocolRequest } from './kafkajs-internals.js';
import type { KafkaLimits } from './limits.js';
import type { KafkaOptions } from './options.js';
import { refusesCredentials, refusesTls } from './refusals.js';

/**
 * The connection to one broker. It is made with the first call, and given up for good with the first call that is not
 * answered in time: an answer that comes late must not be taken for another, and kafkajs would go on using the socket.
 */
export class BrokerLink {
  readonly #broker: Broker;
  #connected: Promise<void> | undefined;
  #given: LogfoldError | undefined;
  #answered = false;

  constructor(
    readonly address: string,
    private readonly internals: Internals,
    private readonly options: KafkaOptions,
    private readonly limits: KafkaLimits,
  ) {
    const colon = address.lastIndexOf(':');
    const connectionPool = new internals.ConnectionPool({
      host: address.slice(0, colon),
      port: Number(address.slice(colon + 1)),
      logger: internals.silence,
      clientId: options.clientId ?? 'logfold',
      ssl: options.ssl === true ? {} : options.ssl || null,
      sasl: options.sasl ? { ...options.sasl } : null,
      socketFactory: (request: SocketRequest) => {
        const socket = socketFactory(request);
        return this.#given ? socket.destroy(this.#given) : socket; // kafkajs may connect after it was given up
      },
      connectionTimeout: limits.connectMs,
      requestTimeout: limits.requestMs,
      enforceRequestTimeout: false, // it would leave the socket in use: see `call`
    });
    this.#broker = new internals.Broker({ connectionPool, logger: internals.silence, allowAutoTopicCreation: false });
  }

  /** False once a call failed: make another link. */
  get usable(): boolean {
    return this.#given === undefined;
  }

  /** True after the first call. */
  get connected(): boolean {
    return this.usable && this.#broker.isConnected();
  }

  /** The highest version of a call that the broker knows; 0 for one that it does not know. */
  async version(api: ApiName): Promise<number> {
    await this.#connect();
    return this.#broker.versions?.[this.internals.apiKeys[api]]?.maxVersion ?? 0;
  }

  /** Sends one request and gives back the decoded answer, whose error codes nobody has looked at. */
  async call(api: ApiName, args: object, limitMs: number, encode?: ProtocolRequest['request']['encode']): Promise<any> {
    await this.#connect();
    return this.#within(limitMs, api, () => {
      const { request, response } = this.#broker.lookupRequest(
        this.internals.apiKeys[api],
        this.internals.requests[api],
      )(args);
      return this.#broker.connectionPool.send({
        request: encode ? { ...request, encode } : request,
        response: { decode: response.decode, parse: async (decoded) => decoded },
      });
    });
  }

  /** Hangs up. What is under way fails. */
  giveUp(why: LogfoldError = new BrokerUnavailable(`The connection to broker ${this.address} was closed`)): void {
    if (this.#given) return;
    this.#given = why;
    for (const connection of this.#broker.connectionPool.pool) {
      connection.rejectRequests(why);
      connection.requestQueue.destroy();
      connection.connectionStatus = 'disconnected';
      connection.socket?.destroy();
    }
  }

  #connect(): Promise<void> {
    return (this.#connected ??= this.#within(this.limits.connectMs, 'connect', () => this.#broker.connect()));
  }

  async #within<T>(limitMs: number, what: string, work: () => Promise<T>): Promise<T> {
    if (this.#given) throw this.#given;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const why = `Broker ${this.address} did not answer within ${limitMs} ms (${what})`;
        reject(new BrokerUnavailable(why));
      }, limitMs);
    });
    try {
      const done = work();
      done.catch(() => {}); // it may still fail after its time
      const answer = await Promise.race([done, late]);
      this.#answered ||= what !== 'connect';
      return answer;
    } catch (error) {
      const why = errorOf(error, this.address, this.#answered, this.options);
      this.giveUp(why);
      throw this.#given ?? why;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** As kafkajs makes them, but small requests go out at once. */
function socketFactory({ host, port, ssl, onConnect }: SocketRequest) {
  const socket = ssl
    ? connectTls({ host, port, ...(isIP(host) ? {} : { servername: host }), ...ssl }, onConnect)
    : connectTcp({ host, port }, onConnect);
  socket.setKeepAlive(true, 60_000);
  return socket.setNoDelay(true);
}

interface SocketRequest {
  readonly host: string;
  readonly port: number;
  readonly ssl: ConnectionOptions | null;
  readonly onConnect: () => void;
}

/** What a failed call means for who made it. */
function errorOf(cause: unknown, address: string, answered: boolean, { ssl, sasl }: KafkaOptions): LogfoldError {
  if (cause instanceof LogfoldError) return cause;
  const { name, message, code, type } = cause as { name: string; message: string; code?: unknown; type?: string };
  const unsuitable = (why: string) => new BrokerUnsuitable(`Broker ${address} ${why} (${message})`, { cause });
  if (refusesCredentials({ name, type, message })) return unsuitable('refused the credentials: check `sasl`');
  if (type === 'ILLEGAL_SASL_STATE')
    return unsuitable('asks for no credentials: leave `sasl` away, or use another port');
  if (name === 'KafkaJSServerDoesNotSupportApiKey')
    return unsuitable('lacks a call that is needed: use Kafka 3.7 or newer');
  if (refusesTls({ code })) return unsuitable('cannot be spoken to over TLS: check `ssl`');
  return new BrokerUnavailable(
    `Broker ${address} cannot be reached (${message})${answered ? '' : hint(name, code, ssl, sasl)}`,
    { cause },
  );
}

/** A broker that hangs up at once may want to be spoken to otherwise; it does not say so. */
function hint(name: string, code: unknown, ssl: unknown, sasl: unknown): string {
  const hungUp = name === 'KafkaJSConnectionClosedError' || code === 'ECONNRESET';
  if (!hungUp) return '';
  if (ssl)
    return sasl ? ': does it speak TLS (`ssl`)?' : ': does it speak TLS (`ssl`), or ask for credentials (`sasl`)?';
  return sasl ? ': does it ask for TLS (`ssl`)?' : ': does it ask for TLS (`ssl`) or credentials (`sasl`)?';
}
