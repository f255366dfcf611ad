import { LogfoldError } from '@logfold/core';

/** An option of a module is missing or cannot work. Thrown while the application starts; names the option and how to set it. */
export class InvalidConfiguration extends LogfoldError {
  readonly code = 'invalid-configuration';
}
