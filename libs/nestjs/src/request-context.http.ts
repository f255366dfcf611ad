import {
  Injectable,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  type NestMiddleware,
} from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Observable } from 'rxjs';
import { CORRELATION_HEADER, REPLAYED_HEADER, RequestContext } from './request-context.js';

/** A request of Fastify or Express. */
interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly body?: unknown;
}

/** Begins the request context before anything else sees the request, and echoes the correlation id on every response. */
@Injectable()
export class RequestContextMiddleware implements NestMiddleware {
  use(request: IncomingMessage, response: ServerResponse, next: () => void): void {
    const context = RequestContext.begin(request, () => {
      if (!response.headersSent) response.setHeader(REPLAYED_HEADER, 'true');
    });
    response.setHeader(CORRELATION_HEADER, context.correlationId);
    RequestContext.run(context, next);
  }
}

/**
 * Enters the request context again around the handler. Fastify reads a body in callbacks of the socket, where what the
 * middleware entered is gone.
 */
@Injectable()
export class RequestContextInterceptor implements NestInterceptor {
  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (execution.getType() !== 'http') return next.handle();
    const request = execution.switchToHttp().getRequest<HttpRequest>();
    const context = RequestContext.of(request);
    context?.asked(request.method, request.url, request.body);
    if (!context || RequestContext.current() === context) return next.handle();
    return new Observable((subscriber) => RequestContext.run(context, () => next.handle().subscribe(subscriber)));
  }
}
