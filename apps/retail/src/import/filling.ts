import type { Positions } from './importer.js';
import type { Input } from './input.js';
import { showProgress } from './progress.js';
import { importSales, type SalesImport } from './sales-import.js';
import { openServices, showImported } from './services.js';

export { summaryText } from './summary.js';

/** Appends what an input holds to the logs of both services, with a progress bar. */
export async function fillLogs(url: string, input: Input, seed: number, signal: AbortSignal): Promise<SalesImport> {
  const services = await openServices(url);
  const progress = showProgress(process.stderr, input.sizeBytes);
  return importSales({ ...services, input, seed, progress, signal }).finally(async () => {
    progress.stop();
    await services.close();
  });
}

/** Runs the read models until they show what was imported; only then, since both together take longer. */
export async function fillReadModels(url: string, positions: Positions, signal: AbortSignal): Promise<void> {
  const behind = await showImported(url, positions, signal);
  if (behind.length > 0)
    console.error(`All is imported, but ${behind.join(' and ')} did not catch up: they will when the services run`);
}
