import { describe, expect, test } from '@jest/globals';
import { events, logfold, reaction, readModel, sql, type, type Recorded } from '@logfold/core';
import { eventually, memory } from '@logfold/testing';

const Sales = events('shop.sale', { partitions: 1 }, { Sold: type<{ sku: string }>() });

describe('A rebuild, which reads history again', () => {
  test('makes no reaction act on it', async () => {
    expect(await told('in a reaction')).toEqual(['1', '2', '3']);
  });

  test('would be seen to repeat effects that sit in a fold', async () => {
    expect((await told('in the fold')).length).toBeGreaterThan(3);
  });
});

/** What customers were told of three sales, when the read model of them was rebuilt afterwards. */
async function told(where: 'in a reaction' | 'in the fold'): Promise<string[]> {
  const database = memory({ service: 'shop' });
  const tellings: string[] = [];
  const tell = ({ data }: Pick<Recorded, 'data'>): void => void tellings.push((data as { sku: string }).sku);
  const service = (version: number) =>
    logfold({
      database,
      definitions: [
        readModel({
          name: 'sales',
          version,
          from: [Sales],
          row: type<{ sku: string; sold: number }>(),
          table: sql`(sku text PRIMARY KEY, sold int NOT NULL)`,
          key: { Sold: ({ data }) => ({ sku: data.sku }) },
          evolve: {
            Sold: (row, event) => {
              if (where === 'in the fold') tell(event);
              return { sku: event.data.sku, sold: (row?.sold ?? 0) + 1 };
            },
          },
        }),
        reaction({
          name: 'tell',
          from: [Sales],
          startFrom: 'beginning',
          on: { Sold: (event) => (where === 'in a reaction' ? tell(event) : undefined) },
        }),
      ],
    });
  const running = service(1);
  await running.start();
  for (const sku of ['1', '2', '3'])
    await database.events.append({ stream: `sale-${sku}`, events: [Sales.Sold({ sku })], expected: 'none' });
  await eventually(() => expect(tellings).toHaveLength(3));
  await running.stop();
  const rebuilding = service(2);
  await rebuilding.start();
  await eventually(async () => {
    expect(await database.rebuilds.list()).toEqual([expect.objectContaining({ version: 2, state: 'switched' })]);
  });
  await rebuilding.stop();
  return tellings;
}
