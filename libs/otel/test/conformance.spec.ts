import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { memory } from '@logfold/testing';
import { eventStoreContract, processesContract, publishedContract } from '@logfold/testing/conformance';
import { telemetry, type TelemetryOptions } from '../src/index.js';

const sdk = { tracerProvider: new TracerProvider(), meterProvider: new MeterProvider() };

const watched = (options: TelemetryOptions) => async () => {
  const database = telemetry(options).database(memory());
  await database.open();
  return { database, close: () => database.close() };
};
eventStoreContract('memory, watched without an SDK', watched({}));
publishedContract('memory, watched', watched(sdk));
processesContract('memory, watched', watched(sdk));
