// #region logger
import { activeTrace } from '@logfold/otel';
import { ConsoleLogger } from '@nestjs/common';

type JsonLog = ConsoleLogger['getJsonLogObject'];

/** `app.useLogger(new TracedLogger({ json: true }))`: a JSON object a line, with the trace under which it was written. */
export class TracedLogger extends ConsoleLogger {
  protected override getJsonLogObject(...parameters: Parameters<JsonLog>): ReturnType<JsonLog> {
    return { ...super.getJsonLogObject(...parameters), ...activeTrace() };
  }
}
// #endregion
