// Set up: a service, what it defines, where that is injected.
export { LogfoldModule } from './logfold-module.js';
export type { LogfoldModuleOptions } from './options.js';
export { InjectDecider, InjectReadModel } from './inject.js';
export { On, Reaction, type EventFrom, type ReactionOptions } from './reaction.js';
export { LogfoldServices } from './services.js';
export { LogfoldRebuilds, type RebuildWish } from './logfold-rebuilds.js';
export { logfoldToken, type ServiceChoice } from './tokens.js';

// What belongs to the request or the event that is being handled.
export { CORRELATION_HEADER, IDEMPOTENCY_KEY_HEADER, REPLAYED_HEADER, RequestContext } from './request-context.js';
export type { Handling } from './handling.js';

// Reading one's own writes.
export { WaitForPosition } from './wait-for-position.js';
export {
  POSITION_HEADER,
  RequestPositions,
  WAIT_FOR_HEADER,
  WAITED_HEADER,
  type ReadYourWritesOptions,
} from './request-positions.js';

// HTTP: what comes in is validated, what goes wrong is told.
export { SchemaPipe } from './schema-pipe.js';
export { IfMatch } from './if-match.js';
export { ProblemDetailsFilter } from './problem-details-filter.js';
export { fastifyErrors } from './fastify-errors.js';
export { problemOf, type ProblemDetails } from './problem-details.js';
export { PROBLEM_DETAILS_SCHEMA } from './problem-details-schema.js';

export { InvalidConfiguration, PositionNotShown } from './errors.js';
