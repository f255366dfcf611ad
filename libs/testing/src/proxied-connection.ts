import { connect, type Socket } from 'node:net';

/** How long back a trap can see, in bytes: longer than any text that a test looks for. */
const WINDOW_BYTES = 1_024;

/** What the proxy does to all its connections now. */
export interface Faults {
  readonly holding: boolean;
  readonly dropping: boolean;
  /** What is taken from a client in a second. */
  readonly bytesPerSecond: number;
  /** Told of each chunk before it is forwarded; may change the faults, or cut the connection. */
  passing(bytes: Buffer): void;
  /** Told of an answer that was swallowed. */
  dropped(bytes: Buffer): void;
  /** Told when neither side is left. */
  ended(connection: ProxiedConnection): void;
}

/** One client and its connection to the server. */
export class ProxiedConnection {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #faults: Faults;
  readonly #held: Buffer[] = [];
  #window = Buffer.alloc(0);
  /** The client has said that it will send no more, or has gone. */
  #clientEnded = false;

  constructor(client: Socket, server: { readonly host: string; readonly port: number }, faults: Faults) {
    this.#client = client;
    this.#faults = faults;
    this.#server = connect({ ...server, allowHalfOpen: true, noDelay: true });
    this.#fromClient();
    this.#fromServer();
  }

  get hasClient(): boolean {
    return !this.#clientEnded;
  }

  get heldBytes(): number {
    return this.#held.reduce((sum, bytes) => sum + bytes.length, 0);
  }

  /** What passed before now is not shown again. */
  forget(): void {
    this.#window = Buffer.alloc(0);
  }

  /** Resets both sides; the server's only when nothing is held for it. */
  cut(): void {
    this.#clientEnded = true;
    this.#client.resetAndDestroy();
    if (this.#held.length === 0) this.#server.resetAndDestroy();
  }

  /** Forwards what was held, then the client's end if it has come meanwhile. */
  release(): void {
    for (const bytes of this.#held.splice(0)) this.#server.write(bytes);
    this.#client.resume();
    if (this.#clientEnded) this.#server.end();
  }

  destroy(): void {
    this.#held.length = 0;
    this.#client.destroy();
    this.#server.destroy();
  }

  #fromClient(): void {
    this.#client.on('data', (bytes) => {
      const seen = Buffer.concat([this.#window, bytes]);
      this.#window = seen.subarray(-WINDOW_BYTES);
      this.#faults.passing(seen);
      if (this.#client.destroyed) return;
      if (this.#faults.holding) this.#held.push(bytes);
      else if (!this.#server.write(bytes)) this.#client.pause();
      this.#slow(bytes.length);
    });
    this.#client.on('end', () => this.#clientLeft());
    this.#client.on('error', () => {}); // 'close' follows
    this.#client.on('close', () => {
      this.#clientLeft();
      this.#reportEnd();
    });
    this.#client.on('drain', () => this.#server.resume());
  }

  /** Takes nothing more until so many bytes would have passed. */
  #slow(bytes: number): void {
    const ms = (bytes / this.#faults.bytesPerSecond) * 1_000;
    if (ms < 1) return;
    this.#client.pause();
    setTimeout(() => this.#client.resume(), ms).unref();
  }

  #fromServer(): void {
    this.#server.on('data', (bytes) => {
      if (this.#faults.dropping) return this.#faults.dropped(bytes);
      if (this.#client.destroyed) return;
      if (!this.#client.write(bytes)) this.#server.pause();
    });
    this.#server.on('end', () => {
      if (!this.#faults.dropping) this.#client.end();
    });
    this.#server.on('error', () => {
      if (!this.#faults.dropping) this.#client.resetAndDestroy();
    });
    this.#server.on('close', () => {
      this.#held.length = 0;
      this.#reportEnd();
    });
    this.#server.on('drain', () => this.#client.resume());
  }

  #clientLeft(): void {
    this.#clientEnded = true;
    if (this.#held.length === 0 && !this.#server.destroyed) this.#server.end();
  }

  #reportEnd(): void {
    if (this.#client.destroyed && this.#server.destroyed) this.#faults.ended(this);
  }
}
