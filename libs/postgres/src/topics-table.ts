import { TopicUnsuitable, type TopicDeclaration } from '@logfold/core';
import type { Pool } from './connection.js';
import { translating } from './errors.js';

/** Writes topics down; whoever comes second with another number of partitions or of another kind is refused, and nothing is written. */
export async function declareTopics(pool: Pool, schema: string, topics: readonly TopicDeclaration[]): Promise<void> {
  if (topics.length === 0) return;
  const given = JSON.stringify(
    topics.map(({ name, partitions, compacted = false }) => ({ name, partitions, compacted })),
  );
  const rows = `jsonb_to_recordset($1::text::jsonb) AS given(name text, partitions int, compacted boolean)`;
  const declared = async (): Promise<void> => {
    const [other] = await pool.sql.unsafe<{ name: string; before: number; now: number; compacted: boolean }[]>(
      `SELECT name, topic.partitions AS before, given.partitions AS now, topic.compacted FROM ${schema}.topics topic JOIN ${rows} USING (name)
        WHERE topic.partitions <> given.partitions OR topic.compacted <> given.compacted ORDER BY name LIMIT 1`,
      [given],
    );
    if (!other) return;
    const { name, before, now, compacted } = other;
    throw new TopicUnsuitable(
      name,
      before === now
        ? `was declared for ${compacted ? 'a state' : 'events'}, and now for ${compacted ? 'events' : 'a state'}: give each a topic of its own`
        : `was declared with ${before} partitions, and now with ${now}: keys would move to other partitions. ` +
            'Declare it as before, or publish to a topic of another name',
    );
  };
  await translating(async () => {
    await declared();
    await pool.sql.unsafe(
      `INSERT INTO ${schema}.topics (name, partitions, compacted) SELECT name, partitions, compacted FROM ${rows} ORDER BY name ON CONFLICT DO NOTHING`,
      [given],
    );
    await declared(); // somebody may have been faster
  });
}

/** The topics that were written down. */
export async function declaredTopics(pool: Pool, schema: string): Promise<readonly TopicDeclaration[]> {
  const statement = `SELECT name, partitions, compacted FROM ${schema}.topics ORDER BY name COLLATE "C"`;
  const rows = await translating(() =>
    pool.sql.unsafe<{ name: string; partitions: number; compacted: boolean }[]>(statement),
  );
  return rows.map(({ name, partitions, compacted }) => ({ name, partitions, ...(compacted ? { compacted } : {}) }));
}
