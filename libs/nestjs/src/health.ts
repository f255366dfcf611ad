// Whether a process is alive and may be sent requests: for orchestrators, load balancers, @nestjs/terminus.
export { LogfoldHealthModule } from './health-module.js';
export { LogfoldHealth, type TerminusResult } from './logfold-health.js';
export {
  type HealthLimits,
  type HealthReport,
  type LoopHealth,
  type ParkedHealth,
  type ServiceHealth,
  type SubscriptionHealth,
} from './health-report.js';
