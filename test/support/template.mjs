import postgres from 'postgres';

/** Makes the database that every test's own database is a copy of; what all tests need goes in here once. */
export async function createTemplate(adminUrl) {
  const sql = postgres(adminUrl, { max: 1, onnotice: () => {} });
  try {
    await sql`CREATE DATABASE logfold_template`;
  } finally {
    await sql.end({ timeout: 5 });
  }
}
