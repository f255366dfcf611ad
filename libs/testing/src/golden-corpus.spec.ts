import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { events, versioned, type Schema, type SchemaIssue } from '@logfold/core';
import { GoldenCorpusBroken } from './errors.js';
import { goldenCorpus } from './golden-corpus.js';

type Fields = Readonly<Record<string, 'text' | 'number' | 'anything' | object>>;

/** A schema as libraries make them: checks these fields, and drops others. */
function shape(fields: Fields): Schema<any> {
  return {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate(value) {
        const issues: SchemaIssue[] = [];
        const kept = keep(fields, value as object, issues);
        return issues.length > 0 ? { issues } : { value: kept };
      },
    },
  };
}

function keep(fields: Fields, value: object, issues: SchemaIssue[]): object {
  const kept = Object.entries(fields).map(([name, wanted]) => {
    const given = (value as Record<string, unknown>)[name];
    if (typeof wanted === 'object') return [name, keep(wanted as Fields, given as object, issues)];
    const fits = wanted === 'anything' || typeof given === (wanted === 'text' ? 'string' : wanted);
    if (!fits) issues.push({ message: `must be a ${wanted}`, path: [name] });
    return [name, given];
  });
  return Object.fromEntries(kept);
}

const fields: Fields = { sku: 'text', place: { shelf: 'number' } };
const first = shape(fields);
const registry = (Moved: unknown) => events('shop.stock', { partitions: 1 }, { Moved: Moved as Schema<object> });
const one = registry(first);
const example = one.Moved({ sku: 'tea', place: { shelf: 7 } });

let folder: URL;
beforeEach(() => {
  folder = new URL(`${pathToFileURL(mkdtempSync(join(tmpdir(), 'golden-'))).href}/`);
  goldenCorpus({ folder, registries: [one], examples: [example], keep: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const check = (today: object, more: object = {}) =>
  goldenCorpus({ folder, registries: [today], examples: [], ...more });

describe('a golden corpus', () => {
  test('keeps an example of each version, and is content while it can be read', () => {
    expect(readdirSync(folder)).toEqual(['Moved.v1.json']);
    expect(JSON.parse(readFileSync(new URL('Moved.v1.json', folder), 'utf8'))).toEqual({
      type: 'Moved',
      schemaVersion: 1,
      data: { sku: 'tea', place: { shelf: 7 } },
    });
    check(one);
  });

  test('is content with a new version that has an upcaster, once its example is kept', () => {
    const today = registry(
      versioned(2, shape({ ...fields, by: 'text' }), { 1: (old) => ({ ...old, by: 'unknown' }) }) as never,
    );
    expect(() => check(today)).toThrow('Moved version 2 has no example: run this once with { keep: true }');
    expect(() => check(today, { keep: true })).toThrow('add one to "examples"');
    const examples = [today.Moved({ sku: 'tea', place: { shelf: 1 }, by: 'ada' })];
    check(today, { keep: true, examples });
    check(today);
    expect(readdirSync(folder)).toEqual(['Moved.v1.json', 'Moved.v2.json']);
  });

  test('never changes an example that is kept', () => {
    const before = readFileSync(new URL('Moved.v1.json', folder), 'utf8');
    check(one, { keep: true, examples: [one.Moved({ sku: 'another', place: { shelf: 1 } })] });
    expect(readFileSync(new URL('Moved.v1.json', folder), 'utf8')).toBe(before);
  });

  test.each([
    ['a field was removed', registry(shape({ sku: 'text' })), 'loses "place"'],
    ['a field within was removed', registry(shape({ sku: 'text', place: {} })), 'loses "place.shelf"'],
    ['a field was added without a version', registry(shape({ ...fields, by: 'text' })), 'by'],
    ['a field has another type', registry(shape({ sku: 'number', place: 'anything' })), 'sku'],
    ['the type is gone', events('shop.stock', { partitions: 1 }, {}), 'not declared any more'],
    [
      'an upcaster throws',
      registry(
        versioned(2, first, {
          1: () => {
            throw new RangeError('no way');
          },
        }) as never,
      ),
      'no way',
    ],
    [
      'an upcaster makes what does not fit',
      registry(versioned(2, first, { 1: () => ({ place: { shelf: 1 } }) })),
      'sku',
    ],
  ])('is broken when %s', (_, today, text) => {
    expect(() => check(today)).toThrow(GoldenCorpusBroken);
    expect(() => check(today)).toThrow(text);
  });
});
