import type postgres from 'postgres';

/** The rows that were sold, each invoice on the day of its first row. */
const sold = (sql: postgres.Sql) => sql`
  SELECT rows.*, to_char(min(at) OVER (PARTITION BY invoice), 'YYYY-MM-DD') AS day
    FROM (SELECT DISTINCT * FROM raw_sales WHERE invoice ~ '^[^AC]' AND quantity > 0) AS rows`;

/** What the sums over the raw rows and the sales do not agree on: nothing, when all is well. */
export async function salesDifferences(sql: postgres.Sql): Promise<object> {
  const [found] =
    await sql`SELECT NOT EXISTS (SELECT FROM ordering.daily_sales) OR NOT EXISTS (SELECT FROM ordering.top_sellers) AS empty`;
  return { daily: [...(await dailyDifferences(sql))], sellers: [...(await sellerDifferences(sql))], ...found };
}

function dailyDifferences(sql: postgres.Sql): Promise<readonly object[]> {
  return sql`
    WITH sold AS (${sold(sql)}),
    raw AS (SELECT day, 'GBP' AS currency, count(DISTINCT invoice) AS orders, count(*) AS lines, sum(quantity) AS pieces,
                   sum(quantity * price) AS revenue FROM sold GROUP BY day),
    folded AS (SELECT day, currency, orders, lines, pieces, revenue / 1000.0 FROM ordering.daily_sales)
    (SELECT 'raw' AS what, * FROM raw EXCEPT SELECT 'raw', * FROM folded) UNION ALL
    (SELECT 'folded', * FROM folded EXCEPT SELECT 'folded', * FROM raw)`;
}

function sellerDifferences(sql: postgres.Sql): Promise<readonly object[]> {
  return sql`
    WITH sold AS (${sold(sql)}),
    raw AS (SELECT day, sku, 'GBP' AS currency, count(DISTINCT invoice) AS orders, sum(quantity) AS pieces,
                   sum(quantity * price) AS revenue FROM sold GROUP BY day, sku),
    folded AS (SELECT day, sku, currency, orders, pieces, revenue / 1000.0 FROM ordering.top_sellers)
    (SELECT 'raw' AS what, * FROM raw EXCEPT SELECT 'raw', * FROM folded) UNION ALL
    (SELECT 'folded', * FROM folded EXCEPT SELECT 'folded', * FROM raw)`;
}
