import type { KafkaDriver } from './driver.js';
import { kafkajsDriver } from './kafkajs-driver.js';
import type { KafkaOptions } from './options.js';

/** Asks the brokers something, on connections of its own. */
export async function withDriver<T>(
  options: KafkaOptions,
  signal: AbortSignal,
  ask: (driver: KafkaDriver) => Promise<T>,
): Promise<T> {
  const driver = kafkajsDriver(options);
  const close = (): void => driver.close();
  signal.addEventListener('abort', close, { once: true });
  try {
    return await ask(driver);
  } finally {
    signal.removeEventListener('abort', close);
    close();
  }
}
