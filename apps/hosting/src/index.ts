// What every service's process shares.
export { fromEnvironment, HostConfig, InvalidEnvironment, loadConfig, ServiceConfig } from './environment.js';
export { hosted, serve, type Served } from './serve.js';

// Traces and metrics.
export { observed } from './observed.js';

// For operators.
export { AdminGuard } from './admin.guard.js';
export { readModelsController } from './read-models.controller.js';

// What requests ask for.
export { asked } from './asked.js';
export { PageLimit } from './page-limit.js';

// Documentation over HTTP.
export { ApiCommand } from './api-command.js';
export { commandRoute, streamChanged } from './command-route.js';
export { ApiProblems } from './api-problems.js';
export { ApiWaitsForPosition } from './api-positions.js';
export { serveOpenApi, type ApiTitle } from './open-api.js';
