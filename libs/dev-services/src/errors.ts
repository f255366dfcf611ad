/** What can go wrong while a development service is set up; each code has one remedy, named in the message. */
export type DevServiceErrorCode =
  | 'binaries-missing'
  | 'home-unreachable'
  | 'home-unsafe'
  | 'initialise-failed'
  | 'start-failed'
  | 'stop-failed'
  | 'lock-timeout'
  | 'java-missing'
  | 'java-too-old'
  | 'maven-missing'
  | 'maven-failed';

/** A development service could not be had. The message says what to do; `code` tells the cases apart. */
export class DevServiceError extends Error {
  override readonly name = 'DevServiceError';
  readonly code: DevServiceErrorCode;

  constructor(code: DevServiceErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
