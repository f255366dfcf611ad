import { SetMetadata, type ExecutionContext } from '@nestjs/common';
import { InvalidConfiguration } from './errors.js';
import type { ReadYourWritesOptions } from './request-positions.js';

const METADATA = 'logfold:wait-for-position';
const ON_TIMEOUT: readonly unknown[] = [undefined, 'conflict', 'accepted', 'stale'];
const LONGEST_MS = 60_000;

/**
 * How a route, or all routes of a controller, waits for what `Logfold-Wait-For` names. What it leaves out is taken from
 * the options of the service, `LogfoldModule.forRoot({ readYourWrites })`.
 * @example @Get(':sku') @WaitForPosition({ timeoutMs: 500, onTimeout: 'stale' }) level(@Param('sku') sku: string) { … }
 * @throws InvalidConfiguration
 */
export function WaitForPosition(options: ReadYourWritesOptions): MethodDecorator & ClassDecorator {
  checkReadYourWrites('@WaitForPosition', options);
  return SetMetadata(METADATA, options);
}

/** What the decorators say of the route that is called: the method's before the class's. */
export function waitForPositionOf(execution: ExecutionContext): ReadYourWritesOptions {
  const [ofClass, ofMethod] = [execution.getClass(), execution.getHandler()].map(
    (target) => Reflect.getMetadata(METADATA, target) as ReadYourWritesOptions | undefined,
  );
  return { ...ofClass, ...ofMethod };
}

/** Refuses options that cannot work. @throws InvalidConfiguration, which begins with `where` */
export function checkReadYourWrites(where: string, { timeoutMs = 0, onTimeout }: ReadYourWritesOptions): void {
  if (!Number.isInteger(timeoutMs) || timeoutMs < 0 || timeoutMs > LONGEST_MS)
    throw new InvalidConfiguration(
      `${where}: "timeoutMs" is ${timeoutMs}, it must be a whole number of milliseconds from 0 to ${LONGEST_MS}`,
    );
  if (!ON_TIMEOUT.includes(onTimeout))
    throw new InvalidConfiguration(
      `${where}: "onTimeout" is ${JSON.stringify(onTimeout)}, it must be 'conflict', 'accepted' or 'stale'`,
    );
}
