import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { DatabaseUnavailable, type Logfold } from '@logfold/core';
import {
  healthOf,
  healthWithout,
  reasonsOf,
  type HealthLimits,
  type HealthReport,
  type ServiceHealth,
} from './health-report.js';
import { LogfoldServices } from './services.js';

/** What @nestjs/terminus expects of an indicator. */
export type TerminusResult = Record<string, { readonly status: 'up' | 'down' } & Omit<HealthReport, 'status'>>;

const TIMEOUT_MS = 2_000;

/**
 * Whether this process may be sent requests, and how far its services are.
 * @example with @nestjs/terminus: `health.check([() => logfoldHealth.indicator({ maxLagSeconds: 60 })])`
 */
@Injectable()
export class LogfoldHealth implements BeforeApplicationShutdown {
  #ending = false;

  constructor(private readonly services: LogfoldServices) {}

  /** From here on others shall take the requests, while those that are under way are answered. */
  beforeApplicationShutdown(): void {
    this.#ending = true;
  }

  /** Never rejects. */
  async report(limits: HealthLimits = {}): Promise<HealthReport> {
    const all = this.#running();
    if (!all) return { status: 'down', services: [], reasons: ['The application has not started yet'] };
    const services = await Promise.all(all.map((service) => healthWithin(service, limits.timeoutMs ?? TIMEOUT_MS)));
    const reasons = services.flatMap((service) => reasonsOf(service, limits));
    if (this.#ending) reasons.push('The application is shutting down');
    return { status: reasons.length > 0 ? 'down' : 'up', services, reasons };
  }

  /** The same for `HealthCheckService` of @nestjs/terminus, under the key `logfold`. */
  async indicator(limits: HealthLimits = {}): Promise<TerminusResult> {
    return { logfold: await this.report(limits) };
  }

  #running(): readonly Logfold[] | undefined {
    try {
      return this.services.all();
    } catch {
      return undefined;
    }
  }
}

async function healthWithin(service: Logfold, timeoutMs: number): Promise<ServiceHealth> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new DatabaseUnavailable(`No answer within ${timeoutMs} ms`)), timeoutMs);
  try {
    return healthOf(await Promise.race([service.status(), late.promise]));
  } catch (error) {
    return healthWithout(service.database.service, error);
  } finally {
    clearTimeout(timer);
  }
}
