import { problemOf } from './problem-details.js';

/** As much of Fastify's reply as is needed. */
interface Reply {
  code(status: number): unknown;
  header(name: string, value: string): unknown;
  send(body: unknown): unknown;
}

/**
 * Answers with problem details what Fastify refuses before Nest is asked, such as an address with a broken `%` in it.
 * @example new FastifyAdapter({ frameworkErrors: fastifyErrors })
 */
export function fastifyErrors(error: Error, request: { readonly url: string }, reply: object): void {
  const problem = problemOf(error);
  const answer = reply as Reply; // whose own type has generics that only Fastify can satisfy
  answer.code(problem.status);
  answer.header('content-type', 'application/problem+json; charset=utf-8');
  const instance = request.url.split('?', 1)[0]!;
  const detail = problem.detail.replaceAll(request.url, instance);
  answer.send(JSON.stringify({ ...problem, detail, instance }));
}
