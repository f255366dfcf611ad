import { RpcExceptionsHandler } from '@nestjs/microservices/exceptions/rpc-exceptions-handler.js';
import { LogfoldContext } from './logfold-context.js';

let kept = false;

/**
 * Makes Nest tell our contexts what a handler threw. What arrives at a transport strategy has been through exception
 * filters, and Nest's own turns every error into `{ status: 'error', message: 'Internal server error' }`: a database that
 * is away could not be told from a bug any more, and its events would be parked. An interceptor would see less: not what
 * guards throw, and nothing in a hybrid application, whose global interceptors a connected microservice does not have.
 */
export function keepOriginalErrors(): void {
  if (kept) return;
  kept = true;
  const { prototype } = RpcExceptionsHandler;
  const handle = prototype.handle; // oxlint-disable-line unbound-method -- it is called with its handler below
  prototype.handle = function (exception, host, ...rest) {
    const context: unknown = host.getArgs()[1];
    if (context instanceof LogfoldContext) context.failed(exception);
    return Reflect.apply(handle, this, [exception, host, ...rest]) as ReturnType<typeof handle>;
  };
}
