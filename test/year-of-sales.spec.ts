import { expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './support/child.js';
import { yearOfSales } from './support/year-of-sales.mjs';

it('the year of sales is where LOGFOLD_SALES says, seen from the checkout', () => {
  expect(yearOfSales({ LOGFOLD_SALES: import.meta.filename })).toBe(import.meta.filename);
  expect(yearOfSales({ LOGFOLD_SALES: 'package.json' })).toBe(join(root, 'package.json'));
});

it('the year of sales that LOGFOLD_SALES names and that is not there is an error, not other sales', () => {
  expect(() => yearOfSales({ LOGFOLD_SALES: 'nowhere.tar.xz' })).toThrow(
    /^LOGFOLD_SALES names .*nowhere.tar.xz, where there is nothing: give the path/,
  );
});

it.each([{}, { LOGFOLD_SALES: '' }])('the year of sales is beside the checkout, or nowhere, with %j', (env) => {
  const beside = join(root, '..', 'shared', 'data', 'online-retail-by-day.tar.xz');
  expect(yearOfSales(env)).toBe(existsSync(beside) ? beside : undefined);
});
