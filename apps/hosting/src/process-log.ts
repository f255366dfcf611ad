import { activeTrace } from '@logfold/otel';
import { ConsoleLogger, type LogLevel } from '@nestjs/common';

const CONTEXT = 'Process';
const TROUBLE: LogLevel[] = ['warn', 'error', 'fatal'];

/** What a process writes. */
export interface ProcessLog {
  /** For Nest: what all others write goes through it. */
  readonly logger: ConsoleLogger;
  /** Says that the process is open. */
  announce(text: string): void;
  /** Says why the process does not start. */
  giveUp(text: string): void;
}

/** For people: trouble alone, as text. In production: all that matters, a JSON object a line, with the trace that it belongs to. */
export function processLog(production = process.env['NODE_ENV'] === 'production'): ProcessLog {
  const logger = production
    ? new TracedLogger({ json: true, logLevels: ['log', ...TROUBLE] })
    : new ConsoleLogger({ logLevels: TROUBLE });
  return {
    logger,
    announce: (text) => (production ? logger.log(text, CONTEXT) : console.log(text)),
    giveUp: (text) => (production ? logger.fatal(text, CONTEXT) : console.error(text)),
  };
}

/** As JSON, with the ids of the span under which a line was written. */
class TracedLogger extends ConsoleLogger {
  protected override getJsonLogObject(
    ...parameters: Parameters<ConsoleLogger['getJsonLogObject']>
  ): ReturnType<ConsoleLogger['getJsonLogObject']> {
    return { ...super.getJsonLogObject(...parameters), ...activeTrace() };
  }
}
