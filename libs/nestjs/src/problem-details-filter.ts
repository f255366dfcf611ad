import { Catch, Injectable, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { isPassing, problemOf, RETRY_AFTER_SECONDS, type ProblemDetails } from './problem-details.js';
import { CORRELATION_HEADER, RequestContext } from './request-context.js';

/** A request of Fastify or Express. */
type HttpRequest = Parameters<typeof RequestContext.begin>[0];

/**
 * Answers every error over HTTP with problem details (RFC 9457), on Fastify and on Express: also unknown routes and
 * bodies that could not be read. Never tells a stack or the text of an unexpected error; those are logged, under the
 * correlation id that the client is given. Errors outside of HTTP pass through.
 * @example providers: [{ provide: APP_FILTER, useClass: ProblemDetailsFilter }]
 */
@Catch()
@Injectable()
export class ProblemDetailsFilter implements ExceptionFilter {
  readonly #logger = new Logger('HTTP');

  constructor(private readonly host: HttpAdapterHost) {}

  catch(error: unknown, host: ArgumentsHost): void {
    if (host.getType() !== 'http') throw error;
    const { httpAdapter } = this.host;
    const request = host.switchToHttp().getRequest<HttpRequest>();
    const response = host.switchToHttp().getResponse<unknown>();
    const problem = this.#about(problemOf(error), request, this.#correlationId(request, response));
    this.#log(problem, error);
    if (httpAdapter.isHeadersSent(response)) return httpAdapter.end(response);
    const kind = problem.status < 400 ? 'json' : 'problem+json';
    httpAdapter.setHeader(response, 'Content-Type', `application/${kind}; charset=utf-8`);
    if (isPassing(problem)) httpAdapter.setHeader(response, 'Retry-After', String(RETRY_AFTER_SECONDS));
    httpAdapter.reply(response, problem, problem.status);
  }

  /** Express reads bodies before any middleware: what it refuses has no context yet, and gets one here. */
  #correlationId(request: HttpRequest, response: unknown): string {
    const begun = RequestContext.of(request);
    if (begun) return begun.correlationId;
    const { correlationId } = RequestContext.begin(request);
    const { httpAdapter } = this.host;
    if (!httpAdapter.isHeadersSent(response)) httpAdapter.setHeader(response, CORRELATION_HEADER, correlationId);
    return correlationId;
  }

  #about(problem: ProblemDetails, request: HttpRequest, correlationId: string): ProblemDetails {
    const address = String(this.host.httpAdapter.getRequestUrl(request));
    const instance = address.split('?', 1)[0]!; // queries may hold secrets
    const detail = problem.detail.replaceAll(address, instance); // Nest names the whole address that it did not find
    return { ...problem, detail, instance, correlationId };
  }

  #log({ status, instance, correlationId }: ProblemDetails, error: unknown): void {
    if (status < 500) return;
    const what = error instanceof Error ? error.message : String(error);
    const line = `${instance} answered ${status}: ${what} (correlation id ${correlationId})`;
    if (status === 500) this.#logger.error(line, error instanceof Error ? error.stack : undefined);
    else this.#logger.warn(line);
  }
}
