import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..', '..');

/** UCI Online Retail (Chen 2015, doi 10.24432/C5BW33). */
const BESIDE = resolve(root, '..', 'shared', 'data', 'online-retail-by-day.tar.xz');

export function yearOfSales(env = process.env) {
  if (!env.LOGFOLD_SALES) return existsSync(BESIDE) ? BESIDE : undefined;
  const given = resolve(root, env.LOGFOLD_SALES);
  if (existsSync(given)) return given;
  throw new Error(
    `LOGFOLD_SALES names ${given}, where there is nothing: give the path of the year of sales, or leave the variable away for generated ones`,
  );
}
