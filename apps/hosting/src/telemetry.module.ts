import { Global, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import { endTelemetry } from './telemetry.js';

/** Sends what is left when everything else has stopped. */
@Injectable()
class TelemetryEnd implements OnApplicationShutdown {
  onApplicationShutdown(): Promise<void> {
    return endTelemetry();
  }
}

/** Global, so that Nest stops it behind the modules that make spans. */
@Global()
@Module({ providers: [TelemetryEnd] })
export class TelemetryModule {}
