import { TopicUnsuitable, type TopicDeclaration } from '@logfold/core';
import type { Pool } from './connection.js';
import { translating } from './errors.js';

/** Writes topics down; whoever comes second with another number of partitions is refused, and nothing is written. */
export async function declareTopics(pool: Pool, schema: string, topics: readonly TopicDeclaration[]): Promise<void> {
  if (topics.length === 0) return;
  const given = JSON.stringify(topics.map(({ name, partitions }) => ({ name, partitions })));
  const rows = `jsonb_to_recordset($1::text::jsonb) AS given(name text, partitions int)`;
  const declared = async (): Promise<void> => {
    const [other] = await pool.sql.unsafe<{ name: string; before: number; now: number }[]>(
      `SELECT name, topic.partitions AS before, given.partitions AS now FROM ${schema}.topics topic JOIN ${rows} USING (name)
        WHERE topic.partitions <> given.partitions ORDER BY name LIMIT 1`,
      [given],
    );
    if (other)
      throw new TopicUnsuitable(
        other.name,
        `was declared with ${other.before} partitions, and now with ${other.now}: keys would move to other partitions. ` +
          'Declare it as before, or publish to a topic of another name',
      );
  };
  await translating(async () => {
    await declared();
    await pool.sql.unsafe(
      `INSERT INTO ${schema}.topics (name, partitions) SELECT name, partitions FROM ${rows} ORDER BY name ON CONFLICT DO NOTHING`,
      [given],
    );
    await declared(); // somebody may have been faster
  });
}

/** The topics that were written down. */
export async function declaredTopics(pool: Pool, schema: string): Promise<readonly TopicDeclaration[]> {
  const statement = `SELECT name, partitions FROM ${schema}.topics ORDER BY name COLLATE "C"`;
  const rows = await translating(() => pool.sql.unsafe<{ name: string; partitions: number }[]>(statement));
  return rows.map(({ name, partitions }) => ({ name, partitions }));
}
