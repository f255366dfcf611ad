import { Controller, Get, HttpStatus, Module, Res, type DynamicModule, type Type } from '@nestjs/common';
import { InvalidConfiguration } from './errors.js';
import type { HealthLimits, HealthReport } from './health-report.js';
import { LogfoldHealth } from './logfold-health.js';
import { LogfoldServicesModule } from './services-module.js';

/**
 * Routes for whoever runs the process: `/health/live` answers as long as the process does, `/health/ready` says whether it
 * may be sent requests (200 or 503), `/health` the same with all details. They hold names and numbers, no data and no
 * text of errors; whether they are reachable from outside is up to the proxy before them.
 * @example imports: [LogfoldHealthModule.forRoot({ maxLagSeconds: 60 })]
 */
@Module({})
export class LogfoldHealthModule {
  /**
   * @param options when the process is not ready; `path` is `health` unless given
   * @throws InvalidConfiguration for limits that are no limits
   */
  static forRoot({ path = 'health', ...limits }: HealthLimits & { readonly path?: string } = {}): DynamicModule {
    check(path, limits);
    return {
      module: LogfoldHealthModule,
      imports: [LogfoldServicesModule],
      controllers: [controllerOf(path, limits)],
      providers: [LogfoldHealth],
      exports: [LogfoldHealth],
    };
  }
}

function check(path: string, limits: HealthLimits): void {
  if (typeof path !== 'string' || !/^[\w/-]+$/.test(path))
    throw new InvalidConfiguration(
      `LogfoldHealthModule: "path" is ${JSON.stringify(path)}, it must be one such as 'health'`,
    );
  for (const [name, value] of Object.entries(limits))
    if (value !== undefined && !(typeof value === 'number' && value > 0))
      throw new InvalidConfiguration(
        `LogfoldHealthModule: "${name}" is ${JSON.stringify(value)}, it must be a number above 0; leave it out for no limit`,
      );
}

/** The response of Fastify and of Express, as far as both have it. */
interface Response {
  status(code: number): unknown;
}

/** Answers 503 by itself, not with an exception: probes are no errors, and are not logged each time. */
function controllerOf(path: string, limits: HealthLimits): Type {
  @Controller(path)
  class HealthController {
    constructor(private readonly health: LogfoldHealth) {}

    @Get()
    async all(@Res({ passthrough: true }) response: Response): Promise<HealthReport> {
      const report = await this.health.report(limits);
      if (report.status === 'down') response.status(HttpStatus.SERVICE_UNAVAILABLE);
      return report;
    }

    @Get('live')
    live(): { status: 'up' } {
      return { status: 'up' };
    }

    @Get('ready')
    async ready(@Res({ passthrough: true }) response: Response): Promise<Omit<HealthReport, 'services'>> {
      const { status, reasons } = await this.all(response);
      return { status, reasons };
    }
  }
  return HealthController;
}
