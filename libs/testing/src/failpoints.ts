// Importing this module arms: `LOGFOLD_FAILPOINTS='relay.after-commit=kill@3' node --import @logfold/testing/failpoints …`.
import { armFailpointsFromEnvironment } from './armed-failpoints.js';

export { armFailpointsFromEnvironment, withFailpoint, type FailpointChoice } from './armed-failpoints.js';
export { parseFailpoints, type FailpointEffect, type FailpointSpec } from './failpoint-spec.js';

armFailpointsFromEnvironment(process.env);
